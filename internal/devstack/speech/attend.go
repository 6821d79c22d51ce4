package speech

import "math"

// heads is how many parts of a row attend on their own. The files do not say it.
const heads = 8

// attend mixes the values of all places into each query, by how well the place's key fits. Where focus is
// not nil, the weights of each head are added to its part of it.
func (m *model) attend(q, k, v, focus []float32) []float32 {
	width, places := m.dim/heads, len(k)/m.dim
	out := make([]float32, len(q))
	weight := make([]float32, places)
	keys, values := make([]float32, places*width), make([]float32, places*width)
	scale := float32(1 / math.Sqrt(float64(width)))
	for h := range heads {
		hk, hv, step := k[h*width:], v[h*width:], m.dim
		if len(q) > m.dim { // worth it only when the copy is read more than once
			gather(keys, hk, width, m.dim)
			gather(values, hv, width, m.dim)
			hk, hv, step = keys, values, width
		}
		for at := h * width; at < len(q); at += m.dim {
			fit(weight, q[at:at+width], hk, step)
			for i := range weight {
				weight[i] *= scale
			}
			softmax(weight)
			for i, w := range weight {
				addScaled(out[at:at+width], hv[i*step:i*step+width], w)
			}
			if focus != nil {
				add(focus[h*places:(h+1)*places], weight)
			}
		}
	}
	return out
}

// gather copies one head's part of each row together, so that what is read in order lies in order.
func gather(to, from []float32, width, step int) {
	for i := 0; i*width < len(to); i++ {
		copy(to[i*width:(i+1)*width], from[i*step:])
	}
}

func fit(weight, q, keys []float32, step int) {
	w, i := len(q), 0
	for ; i+4 <= len(weight); i += 4 {
		b := keys[i*step:]
		weight[i], weight[i+1], weight[i+2], weight[i+3] = dot4(q, b[:w], b[step:step+w], b[2*step:2*step+w], b[3*step:3*step+w])
	}
	for ; i < len(weight); i++ {
		weight[i] = dot(q, keys[i*step:i*step+w])
	}
}

// rotate writes its place into each row: pairs of numbers turn by an angle that grows with the place.
func (m *model) rotate(x []float32, first int) {
	for t := 0; t*m.dim < len(x); t++ {
		for i, f := range m.frequency {
			s, c := math.Sincos(float64(float32(first+t) * f))
			sin, cos := float32(s), float32(c)
			for h := range heads {
				p := x[t*m.dim+h*m.dim/heads+2*i:]
				p[0], p[1] = p[0]*cos-p[1]*sin, p[1]*cos+p[0]*sin
			}
		}
	}
}

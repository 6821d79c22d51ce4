package speech

import "math"

// frame is the step of the encoder in samples: the strides of the convolutions multiplied.
const frame = 64 * 3 * 2

// encode turns samples of 16 kHz into one row a frame. Attention makes it quadratic in their number.
func (m *model) encode(samples []float32) []float32 {
	x := m.sound[0].apply(samples)
	for i, v := range x {
		x[i] = float32(math.Tanh(float64(v)))
	}
	mean, scale := moments(x)
	for i, v := range x {
		x[i] = (v-mean)*scale*m.gain[i%m.dim] + m.shift[i%m.dim]
	}
	for i := range m.sound[1:] {
		x = m.sound[1+i].apply(x)
		gelu(x)
	}
	for i := range m.encoder {
		l := &m.encoder[i]
		h := normalize(x, l.norm[0])
		q, k, v := l.self.query.apply(h), l.self.key.apply(h), l.self.value.apply(h)
		m.rotate(q, 0)
		m.rotate(k, 0)
		add(x, l.self.out.apply(m.attend(q, k, v, nil)))
		h = l.up.apply(normalize(x, l.norm[1]))
		gelu(h)
		add(x, l.down.apply(h))
	}
	return normalize(x, m.encoded)
}

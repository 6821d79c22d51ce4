package speech

import "math"

// linear multiplies rows of in numbers with weights and adds the bias, if there is one. Each row begins step
// numbers after the one before; where that is less than in, the rows overlap and this is a convolution.
type linear struct {
	in, out, step int
	weight        []float32 // out rows of in numbers
	bias          []float32
}

// apply goes through the outputs in fours: one number that was loaded is used four times.
func (l *linear) apply(x []float32) []float32 {
	rows := (len(x)-l.in)/l.step + 1
	y := make([]float32, rows*l.out)
	j := 0
	for ; j+4 <= l.out; j += 4 {
		a, b, c, d := l.row(j), l.row(j+1), l.row(j+2), l.row(j+3)
		for t := range rows {
			o := y[t*l.out+j : t*l.out+j+4]
			o[0], o[1], o[2], o[3] = dot4(x[t*l.step:t*l.step+l.in], a, b, c, d)
		}
	}
	for ; j < l.out; j++ {
		for t := range rows {
			y[t*l.out+j] = dot(x[t*l.step:t*l.step+l.in], l.row(j))
		}
	}
	if l.bias != nil {
		for t := range rows {
			add(y[t*l.out:(t+1)*l.out], l.bias)
		}
	}
	return y
}

func (l *linear) row(j int) []float32 { return l.weight[j*l.in : (j+1)*l.in] }

func dot4(x, a, b, c, d []float32) (s0, s1, s2, s3 float32) {
	n := len(x)
	a, b, c, d = a[:n], b[:n], c[:n], d[:n]
	for i, v := range x {
		s0 += v * a[i]
		s1 += v * b[i]
		s2 += v * c[i]
		s3 += v * d[i]
	}
	return s0, s1, s2, s3
}

// dot has four sums, because each addition to the same one waits for the addition before.
func dot(x, a []float32) float32 {
	a = a[:len(x)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(x); i += 4 {
		s0 += x[i] * a[i]
		s1 += x[i+1] * a[i+1]
		s2 += x[i+2] * a[i+2]
		s3 += x[i+3] * a[i+3]
	}
	for ; i < len(x); i++ {
		s0 += x[i] * a[i]
	}
	return s0 + s1 + s2 + s3
}

func add(x, y []float32) {
	x = x[:len(y)]
	for i, v := range y {
		x[i] += v
	}
}

func addScaled(x, y []float32, a float32) {
	x = x[:len(y)]
	for i, v := range y {
		x[i] += a * v
	}
}

// epsilon keeps a constant row from dividing by zero; the model was trained with it.
const epsilon = 1e-5

// moments gives the mean and one over the standard deviation, added up in double: a sum over minutes of
// sound loses what distinguishes its parts otherwise.
func moments(x []float32) (mean, scale float32) {
	var sum, square float64
	for _, v := range x {
		sum += float64(v)
	}
	mu := sum / float64(len(x))
	for _, v := range x {
		square += (float64(v) - mu) * (float64(v) - mu)
	}
	return float32(mu), float32(1 / math.Sqrt(square/float64(len(x))+epsilon))
}

// normalize gives each row mean 0 and deviation 1, times the gain of its column.
func normalize(x, gain []float32) []float32 {
	y, d := make([]float32, len(x)), len(gain)
	for at := 0; at < len(x); at += d {
		row, out := x[at:at+d], y[at:at+d]
		mean, scale := moments(row)
		for i, v := range row {
			out[i] = (v - mean) * scale * gain[i]
		}
	}
	return y
}

func gelu(x []float32) {
	for i, v := range x {
		x[i] = float32(0.5 * float64(v) * (1 + math.Erf(float64(v)/math.Sqrt2)))
	}
}

func softmax(s []float32) {
	peak := s[0]
	for _, v := range s {
		peak = max(peak, v)
	}
	var sum float32
	for i, v := range s {
		s[i] = float32(math.Exp(float64(v - peak)))
		sum += s[i]
	}
	for i := range s {
		s[i] /= sum
	}
}

package speech

import "math"

// The tokens that begin and end a text.
const (
	tokenBegin = 1
	tokenEnd   = 2
)

// token is one piece of text that the decoder chose.
type token struct {
	id          int
	probability float64
	focus       []float32 // how much each head of each layer looked at each frame
}

// decoding is one text in the making: the keys and values of what was heard and of what was said.
type decoding struct {
	*model
	heard, said [][2][]float32 // one a layer
	frames      int
}

// decode chooses the likeliest piece, again and again, until the end or the limit. The last token is the end
// unless the limit was reached.
func (m *model) decode(encoded []float32, limit int) []token {
	d := &decoding{model: m, said: make([][2][]float32, len(m.decoder)), frames: len(encoded) / m.dim}
	for i := range m.decoder {
		cross := &m.decoder[i].cross
		d.heard = append(d.heard, [2][]float32{cross.key.apply(encoded), cross.value.apply(encoded)})
	}
	var text []token
	for next := tokenBegin; len(text) < limit && (text == nil || next != tokenEnd); {
		chosen := d.step(next, len(text))
		text, next = append(text, chosen), chosen.id
	}
	return text
}

func (d *decoding) step(last, place int) token {
	x := append([]float32(nil), d.words.row(last)...)
	size := heads * d.frames
	focus := make([]float32, size*len(d.decoder))
	for i := range d.decoder {
		l, said := &d.decoder[i], &d.said[i]
		h := normalize(x, l.norm[0])
		q, k := l.self.query.apply(h), l.self.key.apply(h)
		d.rotate(q, place)
		d.rotate(k, place)
		said[0], said[1] = append(said[0], k...), append(said[1], l.self.value.apply(h)...)
		add(x, l.self.out.apply(d.attend(q, said[0], said[1], nil)))
		q = l.cross.query.apply(normalize(x, l.norm[1]))
		add(x, l.cross.out.apply(d.attend(q, d.heard[i][0], d.heard[i][1], focus[i*size:(i+1)*size])))
		add(x, l.down.apply(gated(l.up.apply(normalize(x, l.norm[2])))))
	}
	id, probability := likeliest(d.words.apply(normalize(x, d.decoded)))
	return token{id: id, probability: probability, focus: focus}
}

// gated lets the second half of a row decide how much of the first half passes.
func gated(x []float32) []float32 {
	half := len(x) / 2
	for i, z := range x[half:] {
		x[i] *= z / (1 + float32(math.Exp(-float64(z))))
	}
	return x[:half]
}

func likeliest(scores []float32) (int, float64) {
	best := 0
	for i, v := range scores {
		if v > scores[best] {
			best = i
		}
	}
	var sum float64
	for _, v := range scores {
		sum += math.Exp(float64(v - scores[best]))
	}
	return best, 1 / sum
}

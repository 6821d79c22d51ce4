package speech

import (
	"strings"
	"time"
	"unicode"
)

const (
	// perSecond is how many tokens a second of speech can have at most; more is the model talking to itself.
	perSecond = 6.5
	// spare is for pieces so short that the rate says nothing.
	spare = 4
	// shortest is what the convolutions need, and less than any word takes.
	shortest = Rate / 10
	// divisible is the length from which a piece is heard again in two halves. A half of less is half a word.
	divisible = 4 * Rate
	// silence is put around a shorter piece that is heard again.
	silence = Rate / 2
	// early is by how much the decoder looks at a word before it is said, on average.
	early = 108 * time.Millisecond
)

// again hears a span and, where that gives nothing or nonsense, once more cut differently. What is nonsense
// then too is dropped.
func (e *Engine) again(x []int16, s span) []Word {
	words, ok := e.hear(x[s.from:s.to], s.from)
	switch {
	case ok:
	case s.to-s.from < divisible:
		padded := make([]int16, s.to-s.from+2*silence)
		copy(padded[silence:], x[s.from:s.to])
		words, _ = e.hear(padded, s.from-silence)
	default:
		for _, half := range halve(x, s) {
			part, _ := e.hear(x[half.from:half.to], half.from)
			words = append(words, part...)
		}
	}
	first, last := moment(s.from, 0), moment(s.to, 0)
	for i := range words { // the mean of early is too much for some, and nothing is said in the padding
		w := &words[i]
		w.Start, w.End = min(max(w.Start, first), last), min(max(w.End, first), last)
	}
	return words
}

// hear gives the words of a piece that begins at a sample of its channel, and whether they can be trusted.
func (e *Engine) hear(x []int16, at int) ([]Word, bool) {
	if len(x) < shortest {
		return nil, true
	}
	samples := make([]float32, len(x))
	for i, v := range x {
		samples[i] = float32(v) / full
	}
	limit := int(perSecond*float64(len(x))/Rate) + spare
	encoded := e.model.encode(samples)
	text := e.model.decode(encoded, limit)
	if text[len(text)-1].id != tokenEnd || loops(text) {
		return nil, false
	}
	words := e.words(text, align(text, len(encoded)/e.model.dim), at)
	return words, len(words) > 0
}

const (
	// maxPeriod is the longest phrase, in tokens, that is looked for as a loop; a longer one meets the limit.
	maxPeriod = 24
	// repeats of a phrase in a row that nobody says, if it is loopTokens long in all: "no, no, no, no" is said.
	repeats    = 4
	loopTokens = 12
)

// loops says whether the decoder fell into a loop: the same phrase again and again.
func loops(text []token) bool {
	for period := 1; period <= maxPeriod; period++ {
		same := 0 // tokens in a row that are as a period before
		for i := period; i < len(text); i++ {
			if same++; text[i].id != text[i-period].id {
				same = 0
			}
			if same+period >= max(repeats*period, loopTokens) {
				return true
			}
		}
	}
	return false
}

// words puts tokens together: a word begins with a space. It is as sure as its least sure token.
func (e *Engine) words(text []token, spans []span, at int) []Word {
	var words []Word
	for i, t := range text {
		piece := e.text(t.id)
		from, to := moment(at, spans[i].from)+early, moment(at, spans[i].to)
		if len(words) == 0 || strings.HasPrefix(piece, " ") {
			words = append(words, Word{Start: from, End: max(from, to), Confidence: 1})
		}
		if piece == "" {
			continue
		}
		w := &words[len(words)-1]
		w.Text += strings.TrimSpace(piece)
		w.Confidence = min(w.Confidence, t.probability)
		if strings.ContainsFunc(piece, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
			w.End = max(w.End, to) // a comma is not said, and its frames are those of the pause
		}
	}
	return said(words)
}

// said drops words without text, and bytes that make up no character.
func said(words []Word) []Word {
	var kept []Word
	for _, w := range words {
		if w.Text = strings.ToValidUTF8(w.Text, ""); w.Text != "" {
			kept = append(kept, w)
		}
	}
	return kept
}

// moment is when a frame begins in a piece that begins at a sample.
func moment(at, frames int) time.Duration {
	return time.Duration(at+frames*frame) * time.Second / Rate
}

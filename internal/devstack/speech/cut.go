package speech

import "slices"

// Rate is how many samples a second the model hears.
const Rate = 16000

const (
	hop = Rate / 50 // loudness is measured every 20 ms

	pause     = 50      // hops: a second of quiet ends a turn
	margin    = 10      // hops kept around a turn, for soft first and last sounds
	maxPiece  = 28 * 50 // hops: attention is quadratic, and beyond 30 s the model loses words
	clicks    = 10      // hops that may be louder than speech; one click must not make speech look quiet
	loudShare = 1e-3    // of the loudest energy: quieter by 30 dB is a pause

	// quietest energy of a hop that can be speech, -66 dB of full scale: below is the noise of a line.
	quietest = hop * 0.0005 * 0.0005
)

// span is a part of a channel, in samples.
type span struct{ from, to int }

// cut finds the turns of a channel: sound between pauses of a second or more. A longer one than the model
// can hear is cut at its quietest point.
func cut(x []int16) []span {
	energy := energies(x)
	limit := loud(energy)
	var turns []span
	start, last := -1, 0
	for i, e := range energy {
		switch {
		case e > limit:
			if start < 0 {
				start = max(0, i-margin)
			}
			last = i
		case start >= 0 && i-last > pause:
			turns, start = append(turns, split(energy, start, last+margin)...), -1
		}
	}
	if start >= 0 {
		turns = append(turns, split(energy, start, min(len(energy), last+margin))...)
	}
	return turns
}

// split gives the span from start to end in hops, in parts that are short enough.
func split(energy []float64, start, end int) []span {
	var parts []span
	for end-start > maxPiece {
		at := softest(energy, start+maxPiece/3, start+maxPiece)
		parts = append(parts, span{start * hop, at * hop})
		start = at
	}
	return append(parts, span{start * hop, end * hop})
}

// halve cuts a span once, at the quietest point of its middle third.
func halve(x []int16, s span) []span {
	energy := energies(x[s.from:s.to])
	at := s.from + softest(energy, len(energy)/3, len(energy)*2/3)*hop
	return []span{{s.from, at}, {at, s.to}}
}

func softest(energy []float64, from, to int) int {
	at := from
	for i := from; i < to; i++ {
		if energy[i] < energy[at] {
			at = i
		}
	}
	return at
}

func energies(x []int16) []float64 {
	energy := make([]float64, len(x)/hop)
	for i := range energy {
		for _, v := range x[i*hop : (i+1)*hop] {
			energy[i] += float64(v) * float64(v) / (full * full)
		}
	}
	return energy
}

// loud is the energy above which a hop is taken for speech.
func loud(energy []float64) float64 {
	if len(energy) == 0 {
		return quietest
	}
	sorted := slices.Sorted(slices.Values(energy))
	return max(quietest, loudShare*sorted[max(len(sorted)-1-clicks, len(sorted)/2)])
}

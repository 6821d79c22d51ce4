package speech

import "math"

const (
	// full is the largest sample, which is 1.0.
	full = 1 << 15
	// crossings of the sinc on each side of its middle: more is no longer heard by the model, fewer costs words.
	crossings = 16
	// passed is the share of the band that stays: the filter needs the rest to fall off.
	passed = 0.94
)

// resampler brings one channel to Rate, block by block, by a windowed sinc. Linear interpolation is simpler
// and costs words on telephone sound.
type resampler struct {
	up, down, half int
	phase          [][]float32 // the filter at each distance that a result can have from a sample
	in             []float32   // what is still needed of the input; it begins at sample first
	first, taken   int
	out            []int16
}

func newResampler(rate int) *resampler {
	r := &resampler{up: Rate, down: rate}
	for a, b := Rate, rate; ; a, b = b, a%b {
		if b == 0 {
			r.up, r.down = Rate/a, rate/a
			break
		}
	}
	if r.up == r.down {
		return r
	}
	band := passed * min(1, float64(Rate)/float64(rate))
	r.half = int(math.Ceil(crossings / band))
	r.first, r.in = -r.half, make([]float32, r.half)
	for p := range r.up {
		r.phase = append(r.phase, sinc(r.half, band, float64(p)/float64(r.up)))
	}
	return r
}

// sinc gives the filter for a result that lies offset of a sample after the middle one. It adds up to 1, so
// that no phase is louder than another.
func sinc(half int, band, offset float64) []float32 {
	taps, sum := make([]float64, 2*half), 0.0
	for i := range taps {
		x := float64(i-half+1) - offset
		window := math.Cos(math.Pi * x / float64(2*half+2))
		taps[i] = window * window * band
		if y := math.Pi * x * band; math.Abs(y) > 1e-9 {
			taps[i] *= math.Sin(y) / y
		}
		sum += taps[i]
	}
	out := make([]float32, len(taps))
	for i, v := range taps {
		out[i] = float32(v / sum)
	}
	return out
}

func (r *resampler) push(x []float32) {
	r.taken += len(x)
	if r.half == 0 {
		for _, v := range x {
			r.out = append(r.out, sample(v))
		}
		return
	}
	r.in = append(r.in, x...)
	r.drain()
}

func (r *resampler) drain() {
	for {
		at := len(r.out) * r.down
		middle, p := at/r.up, at%r.up
		from := middle - r.half + 1 - r.first
		if from+2*r.half > len(r.in) {
			drop := min(max(from, 0), len(r.in))
			r.in, r.first = append(r.in[:0], r.in[drop:]...), r.first+drop
			return
		}
		r.out = append(r.out, sample(dot(r.phase[p], r.in[from:from+2*r.half])))
	}
}

// finish gives the whole channel, exactly as long as what was pushed.
func (r *resampler) finish() []int16 {
	if r.half > 0 {
		r.in = append(r.in, make([]float32, 2*r.half)...)
		r.drain()
	}
	return r.out[:min(len(r.out), r.taken*r.up/r.down)]
}

// sample rounds to 16 bits: half of what floats would take of the memory, and no word changes by it.
func sample(v float32) int16 {
	return int16(max(-full, min(full-1, math.RoundToEven(float64(v)*full))))
}

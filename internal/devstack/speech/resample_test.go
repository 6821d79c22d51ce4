package speech

import (
	"math"
	"testing"
)

func TestATonePassesAtAnyRateAndKeepsItsLength(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 11025, 16000, 22050, 44100, 48000, 7999} {
		const hertz, seconds = 1000, 0.5
		got := resampled(rate, rate/2, 777, hertz)
		if want := rate / 2 * Rate / rate; len(got) != want {
			t.Errorf("%d Hz: %d samples, want %d", rate, len(got), want)
		}
		for i := 400; i < len(got)-400; i++ {
			want := 0.5 * math.Sin(2*math.Pi*hertz*float64(i)/Rate)
			if math.Abs(float64(got[i])/full-want) > 0.005 {
				t.Errorf("%d Hz: sample %d is %d, want %.0f", rate, i, got[i], want*full)
				break
			}
		}
	}
}

func TestBlocksMakeNoDifference(t *testing.T) {
	t.Parallel()
	want := resampled(44100, 20000, 20000, 700)
	for _, block := range []int{1, 13, 4096} {
		got := resampled(44100, 20000, block, 700)
		if len(got) != len(want) {
			t.Fatalf("blocks of %d: %d samples, want %d", block, len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("blocks of %d: sample %d is %d, want %d", block, i, got[i], want[i])
			}
		}
	}
}

func TestWhatTheNewRateCannotHoldIsGone(t *testing.T) {
	t.Parallel()
	for _, v := range resampled(48000, 24000, 4096, 12000)[400:7600] {
		if math.Abs(float64(v)/full) > 0.005 {
			t.Fatalf("12 kHz at 16 kHz came back as %d", v)
		}
	}
}

func TestTooLoudIsClippedAndNotWrapped(t *testing.T) {
	t.Parallel()
	r := newResampler(Rate)
	r.push([]float32{2, -2, 1, -1})
	if got := r.finish(); got[0] != full-1 || got[1] != -full || got[2] != full-1 || got[3] != -full {
		t.Errorf("got %v", got)
	}
}

func resampled(rate, n, block int, hertz float64) []int16 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(0.5 * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))
	}
	r := newResampler(rate)
	for len(x) > 0 {
		k := min(block, len(x))
		r.push(x[:k])
		x = x[k:]
	}
	return r.finish()
}

package speech

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

func TestEveryCodecOfWAVGivesTheSameSound(t *testing.T) {
	t.Parallel()
	le := binary.LittleEndian
	for name, c := range map[string]struct {
		codec, bits int
		one         func([]byte, float64) []byte
		within      float64
	}{
		"PCM of 8 bits":  {1, 8, func(b []byte, v float64) []byte { return append(b, byte(math.Round(v*127)+128)) }, 0.01},
		"PCM of 16 bits": {1, 16, func(b []byte, v float64) []byte { return le.AppendUint16(b, uint16(int16(v*32767))) }, 0.0001},
		"PCM of 24 bits": {1, 24, func(b []byte, v float64) []byte {
			return append(b, le.AppendUint32(nil, uint32(int32(v*8388607)))[:3]...)
		}, 0.0001},
		"PCM of 32 bits":    {1, 32, func(b []byte, v float64) []byte { return le.AppendUint32(b, uint32(int32(v*2147483647))) }, 0.0001},
		"floats":            {3, 32, func(b []byte, v float64) []byte { return le.AppendUint32(b, math.Float32bits(float32(v))) }, 0.0001},
		"doubles":           {3, 64, func(b []byte, v float64) []byte { return le.AppendUint64(b, math.Float64bits(v)) }, 0.0001},
		"A-law":             {6, 8, func(b []byte, v float64) []byte { return append(b, nearest(aLaw, v)) }, 0.03},
		"mu-law":            {7, 8, func(b []byte, v float64) []byte { return append(b, nearest(muLaw, v)) }, 0.03},
		"mu-law as 16 bits": {7, 16, func(b []byte, v float64) []byte { return append(b, nearest(muLaw, v)) }, 0.03},
	} {
		var data []byte
		for i := range 800 {
			data = c.one(data, warble(i)/2)
			data = c.one(data, -warble(i)/2)
		}
		got, err := readWAV(bytes.NewReader(wavFile(c.codec, 2, Rate, c.bits, data)), time.Second)
		if err != nil || len(got) != 2 || len(got[0]) != 800 || len(got[1]) != 800 {
			t.Errorf("%s: %d channels, %v", name, len(got), err)
			continue
		}
		for i := range 800 {
			want := warble(i) / 2
			if math.Abs(float64(got[0][i])/full-want) > c.within || math.Abs(float64(got[1][i])/full+want) > c.within {
				t.Errorf("%s: sample %d is %d and %d, want ±%.0f", name, i, got[0][i], got[1][i], want*full)
				break
			}
		}
	}
}

func TestG711AgreesWithTheStandardAtItsEnds(t *testing.T) {
	t.Parallel()
	for code, want := range map[byte]float32{0x80: 32124, 0x00: -32124, 0xff: 0, 0x7f: 0, 0xf0: 120} {
		if got := muLaw(code) * full; got != want {
			t.Errorf("mu-law %#x is %v, want %v", code, got, want)
		}
	}
	for code, want := range map[byte]float32{0xaa: 32256, 0x2a: -32256, 0xd5: 8, 0x55: -8} {
		if got := aLaw(code) * full; got != want {
			t.Errorf("A-law %#x is %v, want %v", code, got, want)
		}
	}
}

func TestTheEndOfTheFileDecidesWhereALengthLies(t *testing.T) {
	t.Parallel()
	data := make([]byte, 2*1000)
	for name, length := range map[string]uint32{"none": 0, "a pipe's": 0x7ffff000, "all ones": 0xffffffff} {
		file := wavFile(1, 1, Rate, 16, data)
		binary.LittleEndian.PutUint32(file[40:], length)
		got, err := readWAV(bytes.NewReader(file), time.Second)
		if err != nil || len(got) != 1 || len(got[0]) != 1000 {
			t.Errorf("%s: %v", name, err)
		}
	}
	tagged := append(wavFile(1, 1, Rate, 16, data), "LIST\x04\x00\x00\x00text"...)
	if got, err := readWAV(bytes.NewReader(tagged), time.Second); err != nil || len(got[0]) != 1000 {
		t.Errorf("a tag after the sound: %v", err)
	}
	got, err := readWAV(bytes.NewReader(wavFile(1, 1, Rate, 16, data)[:44+999]), time.Second)
	if err != nil || len(got[0]) != 499 {
		t.Errorf("cut inside a sample: %v", err)
	}
}

func TestChunksBeforeTheSoundAreSkipped(t *testing.T) {
	t.Parallel()
	file := wavFile(1, 1, Rate, 16, make([]byte, 2000))
	file = append(append(bytes.Clone(file[:36]), "LIST\x03\x00\x00\x00abc\x00"...), file[36:]...)
	if got, err := readWAV(bytes.NewReader(file), time.Second); err != nil || len(got[0]) != 1000 {
		t.Errorf("readWAV = %v", err)
	}
}

func TestWhatIsNoUsableWAVIsRefusedByItsReason(t *testing.T) {
	t.Parallel()
	whole := wavFile(1, 1, Rate, 16, make([]byte, 2000))
	for want, file := range map[string][]byte{
		"ends before its sound":     whole[:40],
		"3 channels":                wavFile(1, 3, Rate, 16, nil),
		"0 channels":                wavFile(1, 0, Rate, 16, nil),
		"500000 samples a second":   wavFile(1, 1, 500000, 16, nil),
		"without a format":          append(bytes.Clone(whole[:12]), whole[36:]...),
		"broken format header":      append(append(bytes.Clone(whole[:12]), "fmt \x04\x00\x00\x00abcd"...), whole[36:]...),
		"more than 1s":              nil,
		"ends before its sound\x00": []byte("RIFF"),
	} {
		var in io.Reader = bytes.NewReader(file)
		if file == nil { // sound without an end
			in = io.MultiReader(bytes.NewReader(binary.LittleEndian.AppendUint32(wavFile(1, 1, Rate, 8, nil)[:40], 0)), zeros{})
		}
		_, err := readWAV(in, time.Second)
		var refusal *Refused
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Why, strings.TrimSuffix(want, "\x00")) {
			t.Errorf("readWAV = %v, want %q", err, want)
		}
	}
}

func TestReadingEndsForACallerWhoHasGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readWAV(untilDone{ctx, zeros{}}, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("readWAV = %v", err)
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(wavFile(1, 2, 8000, 16, []byte("12345678")))
	f.Add(wavFile(7, 1, 44100, 8, []byte("12345678")))
	f.Add(wavFile(0xFFFE, 1, 8000, 8, []byte("12345678")))
	f.Fuzz(func(t *testing.T, b []byte) {
		channels, err := readWAV(bytes.NewReader(b), time.Hour)
		for _, c := range channels {
			if len(c) > len(b)*Rate/minRate {
				t.Errorf("%d bytes gave %d samples, %v", len(b), len(c), err)
			}
		}
	})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// nearest encodes by looking for what decodes best.
func nearest(decode func(byte) float32, v float64) byte {
	best := byte(0)
	for b := range 256 {
		if math.Abs(float64(decode(byte(b)))-v) < math.Abs(float64(decode(best))-v) {
			best = byte(b)
		}
	}
	return best
}

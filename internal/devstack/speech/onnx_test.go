package speech

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"
)

// allocated is how many bytes reading may allocate for each byte of a file: all of some hundred weights may be
// the same bytes, and each number of theirs takes 8.
const allocated = 1000

// FuzzReadONNX: a model file that someone exchanged is refused, however it is broken.
func FuzzReadONNX(f *testing.F) {
	f.Add(smallONNX())
	f.Add(smallONNX()[:40])
	f.Add(nested(maxNesting + 2))
	f.Add(message(nil, 7, bytes.Repeat([]byte{5<<3 | 2, 0}, 10_000)))
	f.Add(message(nil, 7, bytes.Repeat([]byte{1<<3 | 2, 0}, 10_000)))
	f.Add(message(nil, 7, tensorOf("w", typeInt8, nil, message(nil, 5, make([]byte, 10_000)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		g, err := readONNX(b)
		if err == nil {
			_, err = newModel(g, g)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(allocated*len(b)+1<<20) {
			t.Errorf("%d bytes made it allocate %d", len(b), got)
		}
		if err != nil && !errors.Is(err, errONNX) {
			t.Errorf("error %v", err)
		}
	})
}

func TestWeightsAreReadHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	g, err := readONNX(smallONNX())
	if err != nil {
		t.Fatal(err)
	}
	w := &weights{graph: g}
	l := w.linear("layers.0/fc", "bias")
	if w.err != nil || l.in != 3 || l.out != 2 {
		t.Fatalf("linear = %+v, %v", l, w.err)
	}
	// (q - zero) * scale, turned around: the file has 1 2 / 3 4 / 5 6, zero 1, scale 0.5.
	if want := []float32{0, 1, 2, 0.5, 1.5, 2.5}; !slices.Equal(l.weight, want) {
		t.Errorf("weights %v, want %v", l.weight, want)
	}
	if got := l.apply([]float32{1, 1, 1}); !slices.Equal(got, []float32{3.25, 4}) {
		t.Errorf("apply = %v", got)
	}
}

func TestAMissingWeightIsNamed(t *testing.T) {
	t.Parallel()
	g, err := readONNX(smallONNX())
	if err != nil {
		t.Fatal(err)
	}
	w := &weights{graph: g}
	w.linear("layers.1/fc", "")
	if !errors.Is(w.err, errONNX) {
		t.Errorf("error %v", w.err)
	}
	if _, err := newModel(g, g); !errors.Is(err, errONNX) {
		t.Errorf("newModel = %v", err)
	}
}

func TestGraphsThatStandInEachOtherHaveAnEnd(t *testing.T) {
	t.Parallel()
	if _, err := readONNX(nested(maxNesting)); err != nil {
		t.Errorf("%d deep: %v", maxNesting, err)
	}
	if _, err := readONNX(nested(maxNesting + 1)); !errors.Is(err, errONNX) {
		t.Errorf("%d deep: %v", maxNesting+1, err)
	}
}

// smallONNX is a file with one product of a quantized weight, in the ways in which the real ones are written.
func smallONNX() []byte {
	var g []byte
	g = message(g, 1, message(message(message(message(nil, 1, []byte("x")), 1, []byte("w_quantized")), 3, []byte("/layers.0/fc/MatMul_quant")), 4, []byte("MatMulInteger")))
	g = message(g, 5, tensorOf("w_quantized", typeUint8, []byte{3, 2}, message(nil, 9, []byte{1, 2, 3, 4, 5, 6})))
	g = message(g, 5, tensorOf("w_scale", typeFloat, nil, message(nil, 4, float(0.5))))
	g = message(g, 5, tensorOf("w_zero_point", typeUint8, nil, []byte{5 << 3, 1}))
	g = message(g, 5, tensorOf("bias", typeFloat, []byte{2}, message(nil, 9, append(float(0.25), float(-0.5)...))))
	return message(nil, 7, g)
}

func tensorOf(name string, kind byte, dims, content []byte) []byte {
	b := message(nil, 8, []byte(name))
	if dims != nil {
		b = message(b, 1, dims)
	}
	return append(append(b, 2<<3, kind), content...)
}

// nested is a graph whose node has a graph, and so on.
func nested(depth int) []byte {
	var g []byte
	for range depth {
		g = message(nil, 1, message(nil, 5, message(nil, 6, g)))
	}
	return message(nil, 7, g)
}

func message(b []byte, number int, body []byte) []byte {
	b = binary.AppendUvarint(b, uint64(number<<3|2))
	return append(binary.AppendUvarint(b, uint64(len(body))), body...)
}

func float(v float32) []byte { return binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)) }

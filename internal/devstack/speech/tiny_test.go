package speech

import (
	"encoding/binary"
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// tinyEngine has the shape of the real one and weights that mean nothing: fast enough for the race detector.
func tinyEngine() *Engine {
	const dim = 2 * heads
	lin := func(in, out, step int) linear {
		l := linear{in: in, out: out, step: step, weight: make([]float32, in*out), bias: make([]float32, out)}
		for i := range l.weight {
			l.weight[i] = float32(math.Sin(float64(i*i+in))) / 4
		}
		return l
	}
	ones := make([]float32, dim)
	for i := range ones {
		ones[i] = 1
	}
	look := attention{query: lin(dim, dim, dim), key: lin(dim, dim, dim), value: lin(dim, dim, dim), out: lin(dim, dim, dim)}
	block := layer{norm: [3][]float32{ones, ones, ones}, self: look, cross: look, up: lin(dim, 2*dim, dim), down: lin(2*dim, dim, 2*dim)}
	said := block
	said.down = lin(dim, dim, dim)
	return newEngine(&model{
		dim: dim, frequency: []float32{1}, gain: ones, shift: ones, encoded: ones, decoded: ones,
		sound:   [3]linear{lin(127, dim, 64), lin(7*dim, dim, 3*dim), lin(3*dim, dim, 2*dim)},
		encoder: []layer{block}, decoder: []layer{said}, words: lin(dim, 300, dim),
	})
}

// warble is loud and changes, so that no part of it is a pause.
func warble(i int) float64 {
	at := float64(i) / Rate
	return 0.4 * math.Sin(2*math.Pi*200*at) * (1.2 + math.Sin(2*math.Pi*3*at))
}

// pcm16 is a WAV file of frames in which all channels sound the same.
func pcm16(rate, channels, frames int, sound func(int) float64) []byte {
	data := make([]byte, 0, 2*channels*frames)
	for i := range frames {
		for range channels {
			data = binary.LittleEndian.AppendUint16(data, uint16(int16(sound(i)*32767)))
		}
	}
	return wavFile(1, channels, rate, 16, data)
}

func wavFile(codec, channels, rate, bits int, data []byte) []byte {
	frame := channels * bits / 8
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt \x10\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(codec))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*frame))
	b = binary.LittleEndian.AppendUint16(b, uint16(frame))
	b = binary.LittleEndian.AppendUint16(b, uint16(bits))
	b = binary.LittleEndian.AppendUint32(append(b, "data"...), uint32(len(data)))
	return append(b, data...)
}

func writeProgram(name, text string) error {
	cmd := exec.Command("sh", "-c", `cat > "$0" && chmod 700 "$0"`, name)
	cmd.Stdin = strings.NewReader(text)
	return cmd.Run()
}

// until waits for what another process does.
func until(t *testing.T, done func() bool) {
	t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(5*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatal("waited in vain")
		case <-tick.C:
		}
	}
}

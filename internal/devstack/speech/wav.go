package speech

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// MaxDuration is the longest recording that is heard: two channels of it take 0.9 GB of memory.
const MaxDuration = 4 * time.Hour

const (
	maxChannels = 2 // a channel is a speaker, and nobody has a phone call with three wires
	minRate     = 4000
	maxRate     = 192000
	blockFrames = 4096 // read at once; small enough that a cancelled request ends soon
)

// Refused says why a file cannot be heard, now or later.
type Refused struct{ Why string }

func (r *Refused) Error() string { return r.Why }

func refused(format string, args ...any) error { return &Refused{Why: fmt.Sprintf(format, args...)} }

// foreignError is sound that this package cannot read itself.
type foreignError struct{ format string }

func (f *foreignError) Error() string { return f.format + " is not read without ffmpeg" }

// wavFormat is the fmt chunk: what one frame of sound looks like.
type wavFormat struct {
	channels, rate, size int // size of one sample in bytes
	sample               func([]byte) float32
}

// readWAV gives the channels at Rate. The lengths of RIFF and data are wrong in any file that was written to
// a pipe (0, 0x7ffff000, 0xffffffff), so the end of the file decides.
func readWAV(r io.Reader, longest time.Duration) ([][]int16, error) {
	in := bufio.NewReader(r)
	if _, err := in.Discard(12); err != nil {
		return nil, cutShort(err)
	}
	var format wavFormat
	for {
		head := make([]byte, 8)
		if _, err := io.ReadFull(in, head); err != nil {
			return nil, cutShort(err)
		}
		name, length := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		if name == "data" {
			if format.channels == 0 {
				return nil, refused("a WAV file without a format before its sound")
			}
			if length == 0 {
				length = math.MaxInt64
			}
			return format.read(io.LimitReader(in, length), longest)
		}
		body := io.LimitReader(in, length+length&1) // chunks begin at even offsets
		if name == "fmt " {
			b, err := io.ReadAll(io.LimitReader(body, 40))
			if err == nil {
				format, err = readFormat(b)
			}
			if err != nil {
				return nil, err
			}
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return nil, fmt.Errorf("reading WAV file: %w", err)
		}
	}
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refused("a WAV file that ends before its sound")
	}
	return fmt.Errorf("reading WAV file: %w", err)
}

func readFormat(b []byte) (wavFormat, error) {
	if len(b) < 16 {
		return wavFormat{}, refused("a WAV file with a broken format header")
	}
	codec, bits := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[14:]))
	if codec == 0xFFFE && len(b) >= 26 { // extensible: the codec stands in the first bytes of a GUID
		codec = binary.LittleEndian.Uint16(b[24:])
	}
	f := wavFormat{channels: int(binary.LittleEndian.Uint16(b[2:])), rate: int(binary.LittleEndian.Uint32(b[4:]))}
	if f.channels < 1 || f.channels > maxChannels {
		return f, refused("sound with %d channels; one or two can be recognized", f.channels)
	}
	if f.rate < minRate || f.rate > maxRate {
		return f, refused("sound with %d samples a second", f.rate)
	}
	f.size, f.sample = codecOf(codec, bits)
	if f.sample == nil {
		return f, &foreignError{fmt.Sprintf("WAV with codec 0x%04x of %d bits", codec, bits)}
	}
	return f, nil
}

// codecOf gives the size of a sample and what makes a number of it, by Microsoft's mmreg.h.
func codecOf(codec uint16, bits int) (int, func([]byte) float32) {
	switch {
	case codec == 1 && bits == 8:
		return 1, func(b []byte) float32 { return (float32(b[0]) - 128) / 128 }
	case codec == 1 && bits == 16:
		return 2, func(b []byte) float32 { return float32(int16(binary.LittleEndian.Uint16(b))) / full }
	case codec == 1 && bits == 24:
		return 3, func(b []byte) float32 {
			return float32(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / (1 << 31)
		}
	case codec == 1 && bits == 32:
		return 4, func(b []byte) float32 { return float32(int32(binary.LittleEndian.Uint32(b))) / (1 << 31) }
	case codec == 3 && bits == 32:
		return 4, func(b []byte) float32 { return finite(math.Float32frombits(binary.LittleEndian.Uint32(b))) }
	case codec == 3 && bits == 64:
		return 8, func(b []byte) float32 {
			return finite(float32(math.Float64frombits(binary.LittleEndian.Uint64(b))))
		}
	case codec == 6: // some telephone systems write 16 bits, the size after decoding
		return 1, func(b []byte) float32 { return aLaw(b[0]) }
	case codec == 7:
		return 1, func(b []byte) float32 { return muLaw(b[0]) }
	}
	return 0, nil
}

// finite keeps one broken number from silencing all that the filter mixes it into.
func finite(v float32) float32 {
	if v != v {
		return 0
	}
	return max(-1, min(1, v))
}

// muLaw and aLaw are the two tables of ITU-T G.711 as arithmetic.
func muLaw(b byte) float32 {
	b = ^b
	v := (int(b&15)<<3+132)<<(b>>4&7) - 132
	if b&0x80 != 0 {
		v = -v
	}
	return float32(v) / full
}

func aLaw(b byte) float32 {
	b ^= 0x55
	v, exponent := int(b&15)<<4+8, b>>4&7
	if exponent > 0 {
		v = (v + 256) << (exponent - 1)
	}
	if b&0x80 == 0 {
		v = -v
	}
	return float32(v) / full
}

func (f wavFormat) read(in io.Reader, longest time.Duration) ([][]int16, error) {
	channels := make([]*resampler, f.channels)
	for c := range channels {
		channels[c] = newResampler(f.rate)
	}
	frame := f.channels * f.size
	block, samples := make([]byte, blockFrames*frame), make([]float32, blockFrames)
	for total := 0; ; {
		n, err := io.ReadFull(in, block)
		frames := n / frame
		if total += frames; total > int(longest.Seconds()*float64(f.rate)) {
			return nil, refused("a recording of more than %v", longest)
		}
		for c, channel := range channels {
			for i := range frames {
				samples[i] = f.sample(block[i*frame+c*f.size:])
			}
			channel.push(samples[:frames])
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading sound: %w", err)
		}
	}
	out := make([][]int16, f.channels)
	for c, channel := range channels {
		out[c] = channel.finish()
	}
	return out, nil
}

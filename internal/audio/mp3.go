package audio

import "encoding/binary"

const (
	// averaged frames tell the pace of a file without a Xing header: about 1.7 seconds.
	averaged = 64
	// chained frames must follow one another where a file does not begin with one: random bytes do that
	// about once in 2^26 files.
	chained = 3
	// The smallest frame is 8 kbit/s at 24 kHz, the largest 320 kbit/s at 32 kHz with padding. A frame count
	// that does not fit between them, for the bytes there are, is a lie.
	smallestFrame, largestFrame = 24, 1441
	// maxTags bounds the ID3 tags before the sound; editors that append instead of replacing leave two.
	maxTags = 4
)

// mp3Frame is one frame of MPEG audio, layer III.
type mp3Frame struct {
	rate, channels int
	samples        int // of each channel
	length         int // bytes, header included
	side           int // bytes of side information, after which a Xing header stands
}

// inspectMP3 finds the first frame. The length is in a header of that frame (Xing, Info or VBRI), or is
// estimated from the pace of the first frames, which is exact for a constant bit rate.
func inspectMP3(s *source) (Info, error) {
	info := Info{Format: MP3, ContentType: "audio/mpeg"}
	start, err := skipID3(s)
	if err != nil {
		return info, err
	}
	if mark, err := s.bytes(start, 4); err != nil {
		return info, err
	} else if string(mark) == "fLaC" {
		return inspectFLAC(s, start)
	}
	off, run, err := findFrames(s, start)
	if err != nil {
		return info, err
	}
	info.Channels, info.SampleRate = run.first.channels, run.first.rate
	sound := max(0, s.size-off-trailer(s))
	samples, err := countedSamples(s, off, run.first, sound)
	if samples == 0 && err == nil {
		samples = uint64(sound) * uint64(run.count*run.first.samples) / uint64(run.bytes)
	}
	if err != nil {
		return info, err
	}
	info.Duration, err = seconds(samples, info.SampleRate)
	return info, err
}

// skipID3 passes the tags that may stand before the sound (id3.org, ID3v2.4 section 3.1).
func skipID3(s *source) (int64, error) {
	off := int64(0)
	for range maxTags {
		if s.size-off < 10 {
			break
		}
		b, err := s.bytes(off, 10)
		if err != nil {
			return 0, err
		}
		if string(b[:3]) != "ID3" {
			break
		}
		off += 10 + int64(b[6]&0x7f)<<21 + int64(b[7]&0x7f)<<14 + int64(b[8]&0x7f)<<7 + int64(b[9]&0x7f)
		if b[5]&0x10 != 0 {
			off += 10 // a footer
		}
	}
	return off, nil
}

// frameRun is a row of frames, each beginning where the one before ends.
type frameRun struct {
	first        mp3Frame
	count, bytes int
	whole        bool // ended with the file
}

// findFrames looks for the first frame in the block after the tags, which may be padded.
func findFrames(s *source, start int64) (int64, frameRun, error) {
	if what, err := otherMPEG(s, start); what != "" || err != nil {
		return 0, frameRun{}, errOr(err, what)
	}
	for off := start; off < min(start+block, s.size-4); off++ {
		run, err := readRun(s, off)
		if err != nil {
			return 0, run, err
		}
		if run.count >= chained || (off == start && run.count > 0 && run.whole) {
			return off, run, nil
		}
	}
	if start > 0 {
		return 0, frameRun{}, unsupported("a tagged file whose sound is not MP3")
	}
	return 0, frameRun{}, &Refused{ErrNotAudio, "a file of an unknown kind"}
}

func errOr(err error, what string) error {
	if err != nil {
		return err
	}
	return unsupported("%s", what)
}

func readRun(s *source, off int64) (frameRun, error) {
	var run frameRun
	for run.count < averaged {
		if s.size-off < 4 {
			run.whole = true
			break
		}
		b, err := s.bytes(off, 4)
		if err != nil {
			return run, err
		}
		frame, ok := parseFrame(binary.BigEndian.Uint32(b))
		if !ok || (run.count > 0 && frame.rate != run.first.rate) {
			run.whole = string(b[:3]) == "TAG"
			break
		}
		if run.count == 0 {
			run.first = frame
		}
		run.count++
		run.bytes += frame.length
		off += int64(frame.length)
	}
	return run, nil
}

// parseFrame reads a frame header (ISO 11172-3 section 2.4.1.3, ISO 13818-3 for the lower rates).
func parseFrame(h uint32) (mp3Frame, bool) {
	version, bitrateIndex, rateIndex := h>>19&3, h>>12&15, h>>10&3
	if h>>21 != 0x7ff || version == 1 || h>>17&3 != 1 || bitrateIndex == 0 || bitrateIndex == 15 || rateIndex == 3 {
		return mp3Frame{}, false
	}
	full := version == 3 // MPEG-1; the others have half the rate, and half the samples in a frame
	f := mp3Frame{rate: [3]int{44100, 48000, 32000}[rateIndex], channels: 2, samples: 1152, side: 32}
	kbits := [15]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}[bitrateIndex]
	if !full {
		f.rate, f.samples, f.side = f.rate/2, 576, 17
		kbits = [15]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}[bitrateIndex]
	}
	if version == 0 { // MPEG-2.5
		f.rate /= 2
	}
	if h>>6&3 == 3 {
		f.channels, f.side = 1, f.side/2+1
	}
	f.length = f.samples/8*kbits*1000/f.rate + int(h>>9&1)
	return f, true
}

// otherMPEG names what has MPEG's sync bits where the sound begins and is not layer III with a bit rate.
func otherMPEG(s *source, start int64) (string, error) {
	b, err := s.bytes(start, 4)
	if err != nil {
		return "", err
	}
	h := binary.BigEndian.Uint32(b)
	if h>>21 != 0x7ff || h>>19&3 == 1 {
		return "", nil
	}
	switch layer := h >> 17 & 3; {
	case layer == 0 && h>>20 == 0xfff:
		return "a raw AAC stream", nil
	case layer == 2:
		return "MPEG layer II audio", nil
	case layer == 1 && h>>12&15 == 0 && h>>10&3 != 3:
		return "a free-format MP3 file", nil
	}
	return "", nil
}

// trailer is the size of an ID3v1 tag at the end.
func trailer(s *source) int64 {
	const size = 128
	if b, err := s.bytes(s.size-size, 3); err == nil && string(b) == "TAG" {
		return size
	}
	return 0
}

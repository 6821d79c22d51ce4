package audio

import (
	"encoding/binary"
	"errors"
)

// countedSamples reads the number of frames that an encoder left in the first frame, which holds no sound:
// Xing and Info (Xing's VBR SDK, extended by LAME) or VBRI (Fraunhofer). It answers 0 where there is none
// to be believed; sound is how many bytes the frames have in all.
func countedSamples(s *source, off int64, first mp3Frame, sound int64) (uint64, error) {
	const whole = 144 // up to and with LAME's delays
	at := off + 4 + int64(first.side)
	b, err := s.bytes(at, int(max(0, min(whole, s.size-at))))
	if errors.Is(err, ErrTruncated) || (err == nil && len(b) < 12) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var frames, silent uint64
	if mark := string(b[:4]); mark == "Xing" || mark == "Info" {
		if flags := binary.BigEndian.Uint32(b[4:]); flags&1 != 0 {
			frames = uint64(binary.BigEndian.Uint32(b[8:]))
			silent = lameSilence(b, flags)
		}
	} else if b, err := s.bytes(off+36, 18); err == nil && string(b[:4]) == "VBRI" {
		frames = uint64(binary.BigEndian.Uint32(b[14:]))
	}
	if frames < uint64(sound)/largestFrame || frames > uint64(sound)/smallestFrame {
		return 0, nil
	}
	return max(frames*uint64(first.samples), silent) - silent, nil
}

// lameSilence is what the encoder added before and after the sound, in samples.
func lameSilence(b []byte, flags uint32) uint64 {
	const encoder, delays = 120, 141
	if flags&15 != 15 || len(b) < delays+3 || b[encoder] != 'L' { // LAME, Lavc, Lavf
		return 0
	}
	packed := uint64(b[delays])<<16 | uint64(b[delays+1])<<8 | uint64(b[delays+2])
	return packed>>12 + packed&0xfff
}

package audio

import "encoding/binary"

// Codecs of the fmt chunk, by Microsoft's mmreg.h.
const (
	wavPCM        = 0x0001
	wavFloat      = 0x0003
	wavALaw       = 0x0006
	wavMuLaw      = 0x0007
	wavExtensible = 0xFFFE // the codec stands further on, in the first bytes of a GUID
)

// inspectWAV walks the chunks up to the sound. The lengths of RIFF and data are wrong in any file that was
// written to a pipe (0, 0x7ffff000, 0xffffffff), so what the file really holds decides.
func inspectWAV(s *source) (Info, error) {
	info := Info{Format: WAV, ContentType: "audio/wav"}
	frame := 0 // bytes that hold one sample of each channel
	for off := int64(12); ; {
		head, err := s.bytes(off, 8)
		if err != nil {
			return info, err
		}
		name, length := string(head[:4]), int64(binary.LittleEndian.Uint32(head[4:]))
		off += 8
		switch name {
		case "fmt ":
			if frame, err = wavFormat(s, off, length, &info); err != nil {
				return info, err
			}
		case "data":
			if frame == 0 {
				return info, unsupported("a WAV file without a format before its sound")
			}
			if rest := s.size - off; length == 0 || length > rest {
				length = rest
			}
			info.Duration, err = seconds(uint64(length)/uint64(frame), info.SampleRate)
			return info, err
		}
		off += length + length&1 // chunks begin at even offsets
	}
}

func wavFormat(s *source, off, length int64, info *Info) (int, error) {
	if length < 16 {
		return 0, unsupported("a WAV file with a broken format header")
	}
	b, err := s.bytes(off, int(min(length, 40)))
	if err != nil {
		return 0, err
	}
	codec, bits := binary.LittleEndian.Uint16(b), int(binary.LittleEndian.Uint16(b[14:]))
	if codec == wavExtensible && len(b) >= 26 {
		codec = binary.LittleEndian.Uint16(b[24:])
	}
	info.Channels, info.SampleRate = int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint32(b[4:]))
	switch codec {
	case wavPCM, wavFloat:
	case wavALaw, wavMuLaw:
		bits = 8 // some telephone systems write 16, the size after decoding
	default:
		return 0, unsupported("a WAV file with the codec 0x%04x", codec)
	}
	frame := info.Channels * ((bits + 7) / 8)
	if frame == 0 || info.SampleRate == 0 || bits > 64 {
		return 0, unsupported("a WAV file with a broken format header")
	}
	return frame, nil
}

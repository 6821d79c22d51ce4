package audio

import "encoding/binary"

// inspectFLAC reads STREAMINFO, which RFC 9639 (section 8.2) wants first.
func inspectFLAC(s *source, start int64) (Info, error) {
	info := Info{Format: FLAC, ContentType: "audio/flac"}
	b, err := s.bytes(start, 4+4+18)
	if err != nil {
		return info, err
	}
	if b[4]&0x7f != 0 {
		return info, unsupported("a FLAC file without its stream information")
	}
	packed := binary.BigEndian.Uint64(b[18:]) // 20 bits rate, 3 channels, 5 bits a sample, 36 samples
	info.SampleRate = int(packed >> 44)
	info.Channels = int(packed>>41&7) + 1
	samples := packed & (1<<36 - 1)
	if samples == 0 {
		return info, unsupported("a FLAC stream that does not say how long it is")
	}
	info.Duration, err = seconds(samples, info.SampleRate)
	return info, err
}

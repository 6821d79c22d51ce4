package audio

import (
	"bytes"
	"encoding/binary"
)

const (
	// maxOggStreams is how many streams may begin in a file before the one with sound; video has three.
	maxOggStreams = 8
	opusRate      = 48_000 // RFC 7845: granules of Opus always count at this rate
)

// oggPage is a page's header (RFC 3533 section 6).
type oggPage struct {
	first   bool // of its stream
	granule uint64
	serial  uint32
	body    int64
	end     int64
}

// oggStream is the stream whose length is the file's.
type oggStream struct {
	serial uint32
	skip   uint64 // granules before the first sample that is heard
}

// inspectOgg finds the stream with sound among those that begin, and the number of its last sample.
func inspectOgg(s *source) (Info, error) {
	info := Info{Format: Ogg, ContentType: "audio/ogg"}
	stream, err := oggSound(s, &info)
	if err != nil {
		return info, err
	}
	var last oggPage
	found, err := s.findLast([]byte("OggS"), func(off int64) (bool, error) {
		page, ok, err := readOggPage(s, off)
		last = page
		// All bits set: no packet ends on this page.
		return ok && page.serial == stream.serial && page.granule != 1<<64-1, err
	})
	if err != nil {
		return info, err
	}
	if found < 0 || last.granule <= stream.skip {
		return info, truncated("an Ogg file without sound")
	}
	info.Duration, err = seconds(last.granule-stream.skip, info.SampleRate)
	return info, err
}

func oggSound(s *source, info *Info) (oggStream, error) {
	off := int64(0)
	for range maxOggStreams {
		page, ok, err := readOggPage(s, off)
		if err != nil {
			return oggStream{}, err
		}
		if !ok || !page.first {
			break
		}
		packet, err := s.bytes(page.body, int(min(page.end, s.size)-page.body))
		if err != nil {
			return oggStream{}, err
		}
		switch {
		case bytes.HasPrefix(packet, []byte("OpusHead")) && len(packet) >= 19:
			info.Channels, info.SampleRate = int(packet[9]), opusRate
			return oggStream{page.serial, uint64(binary.LittleEndian.Uint16(packet[10:]))}, nil
		case bytes.HasPrefix(packet, []byte("\x01vorbis")) && len(packet) >= 16:
			info.Channels, info.SampleRate = int(packet[11]), int(binary.LittleEndian.Uint32(packet[12:]))
			return oggStream{serial: page.serial}, nil
		}
		off = page.end
	}
	return oggStream{}, unsupported("an Ogg file without Opus or Vorbis sound")
}

// readOggPage says false for what is no page.
func readOggPage(s *source, off int64) (oggPage, bool, error) {
	const fixed = 27
	if off+fixed > s.size {
		return oggPage{}, false, nil
	}
	b, err := s.bytes(off, fixed)
	if err != nil {
		return oggPage{}, false, err
	}
	if string(b[:4]) != "OggS" || b[4] != 0 || b[5] > 7 {
		return oggPage{}, false, nil
	}
	page := oggPage{
		first:   b[5]&2 != 0,
		granule: binary.LittleEndian.Uint64(b[6:]),
		serial:  binary.LittleEndian.Uint32(b[14:]),
	}
	segments := int(b[26])
	page.body = off + fixed + int64(segments)
	if page.body > s.size {
		return page, false, nil
	}
	sizes, err := s.bytes(off+fixed, segments)
	page.end = page.body
	for _, size := range sizes {
		page.end += int64(size)
	}
	return page, err == nil, err
}

package audio

import (
	"encoding/binary"
	"time"
)

// box is one box of the ISO base media file format (ISO 14496-12).
type box struct {
	kind      string
	data, end int64
}

// mp4 is what the movie header says of the first track with sound.
type mp4 struct {
	sound      mp4Track
	scale      uint32 // ticks a second of the movie's own clock
	fragmented bool
	claimed    uint64            // the fragments' length in all, by the movie's clock; 0 when unknown
	perSample  map[uint32]uint32 // default ticks of a sample in fragments, by track
}

// mp4Track is one track.
type mp4Track struct {
	id       uint32
	handler  string // "soun", "vide", ...
	scale    uint32 // ticks a second
	ticks    uint64
	channels int
	rate     int
}

// maxTracks bounds the memory for hostile headers; a film with its languages has some thirty.
const maxTracks = 64

// inspectMP4 looks for the movie header, wherever it stands: phones write it at the end.
func inspectMP4(s *source) (Info, error) {
	info := Info{Format: M4A, ContentType: "audio/mp4"}
	m := mp4{perSample: map[uint32]uint32{}}
	header, sound := false, false
	err := eachBox(s, 0, s.size, func(b box) (bool, error) {
		switch b.kind {
		case "ftyp":
			return true, checkBrand(s, b)
		case "moov":
			header = true
			if err := eachBox(s, b.data, b.end, func(b box) (bool, error) { return true, m.movie(s, b) }); err != nil {
				return false, err
			}
		case "mdat":
			sound = true
		}
		// After the header the walk goes on to the sound: one that is cut off shows in its box.
		return !header || (!sound && !m.fragmented), nil
	})
	switch {
	case err != nil:
		return info, err
	case !header:
		return info, truncated("an MP4 file without its movie header")
	case m.sound.handler == "":
		return info, unsupported("a video without sound")
	}
	info.Channels, info.SampleRate = m.sound.channels, m.sound.rate
	info.Duration, err = m.duration(s)
	return info, err
}

func (m *mp4) duration(s *source) (time.Duration, error) {
	if m.sound.ticks > 0 {
		return seconds(m.sound.ticks, int(m.sound.scale))
	}
	if m.claimed > 0 {
		return seconds(m.claimed, int(m.scale))
	}
	if !m.fragmented {
		return 0, nil
	}
	ticks, err := m.lastFragment(s)
	if err != nil {
		return 0, err
	}
	return seconds(ticks, int(m.sound.scale))
}

// checkBrand keeps out pictures, which use the same boxes.
func checkBrand(s *source, b box) error {
	brand, err := s.bytes(b.data, 4)
	if err != nil {
		return err
	}
	switch string(brand) {
	case "heic", "heix", "hevc", "mif1", "msf1", "avif", "avis":
		return unsupported("an image")
	}
	return nil
}

func (m *mp4) movie(s *source, b box) (err error) {
	switch b.kind {
	case "mvhd":
		m.scale, _, err = clock(s, b)
	case "mvex":
		m.fragmented = true
		return eachBox(s, b.data, b.end, func(b box) (bool, error) { return true, m.extends(s, b) })
	case "trak":
		var t mp4Track
		err = eachBox(s, b.data, b.end, func(b box) (bool, error) { return true, t.read(s, b, 0) })
		if t.handler == "soun" && m.sound.handler == "" {
			m.sound = t
		}
	}
	return err
}

// read goes down mdia, minf and stbl, and no deeper: hostile boxes could nest until the stack is full.
func (t *mp4Track) read(s *source, b box, depth int) (err error) {
	switch b.kind {
	case "mdia", "minf", "stbl":
		if depth < 3 {
			err = eachBox(s, b.data, b.end, func(b box) (bool, error) { return true, t.read(s, b, depth+1) })
		}
	case "tkhd":
		t.id, err = trackID(s, b)
	case "mdhd":
		t.scale, t.ticks, err = clock(s, b)
	case "hdlr":
		var v []byte
		v, err = b.bytes(s, 8, 4)
		t.handler = string(v)
	case "stsd":
		err = t.entry(s, b)
	}
	return err
}

// entry reads the first sample description; it is laid out like this for sound only.
func (t *mp4Track) entry(s *source, b box) error {
	const channels, rate, whole = 8 + 8 + 16, 8 + 8 + 24, 8 + 8 + 28
	if t.handler != "soun" {
		return nil
	}
	v, err := b.bytes(s, 0, whole)
	if err != nil {
		return err
	}
	t.channels = int(binary.BigEndian.Uint16(v[channels:]))
	t.rate = int(binary.BigEndian.Uint16(v[rate:])) // the upper half of a 16.16 number
	if t.rate == 0 {
		t.rate = int(min(t.scale, maxRate+1)) // above 65,535 Hz it does not fit there
	}
	end := min(b.end, b.data+8+int64(binary.BigEndian.Uint32(v[8:])))
	n, err := aacChannels(s, b.data+whole, end)
	if n > 0 {
		t.channels = n
	}
	return err
}

// clock reads the ticks a second and the length in ticks of mvhd and mdhd; 0 when not known.
func clock(s *source, b box) (uint32, uint64, error) {
	v, err := b.bytes(s, 0, 20)
	if err != nil {
		return 0, 0, err
	}
	if v[0] == 0 {
		if ticks := binary.BigEndian.Uint32(v[16:]); ticks != 1<<32-1 {
			return binary.BigEndian.Uint32(v[12:]), uint64(ticks), nil
		}
		return binary.BigEndian.Uint32(v[12:]), 0, nil
	}
	if v, err = b.bytes(s, 20, 12); err != nil {
		return 0, 0, err
	}
	scale, ticks := binary.BigEndian.Uint32(v), binary.BigEndian.Uint64(v[4:])
	if ticks == 1<<64-1 {
		ticks = 0
	}
	return scale, ticks, nil
}

func trackID(s *source, b box) (uint32, error) {
	v, err := b.bytes(s, 0, 1)
	if err != nil {
		return 0, err
	}
	at := int64(12)
	if v[0] == 1 { // two times of 8 bytes instead of 4
		at = 20
	}
	if v, err = b.bytes(s, at, 4); err != nil {
		return 0, err
	}
	return binary.BigEndian.Uint32(v), nil
}

// eachBox visits the boxes between off and end until visit says no more.
func eachBox(s *source, off, end int64, visit func(box) (bool, error)) error {
	for end-off >= 8 {
		b, err := s.bytes(off, 8)
		if err != nil {
			return err
		}
		next := box{kind: string(b[4:8]), data: off + 8, end: off + int64(binary.BigEndian.Uint32(b))}
		switch next.end - off {
		case 0: // to the end of the file
			next.end = end
		case 1: // the length follows, in 8 bytes
			if b, err = s.bytes(off+8, 8); err != nil {
				return err
			}
			next.data, next.end = off+16, off+int64(binary.BigEndian.Uint64(b)&(1<<62-1))
		}
		if next.end < next.data {
			return unsupported("an MP4 file with a broken box")
		}
		if next.end > end {
			return truncated("an MP4 file that ends before its boxes do")
		}
		if more, err := visit(next); err != nil || !more {
			return err
		}
		off = next.end
	}
	return nil
}

// bytes gives n bytes of the box's content.
func (b box) bytes(s *source, at int64, n int) ([]byte, error) {
	if b.data+at+int64(n) > b.end {
		return nil, unsupported("an MP4 file with a broken %q box", b.kind)
	}
	return s.bytes(b.data+at, n)
}

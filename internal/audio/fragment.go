package audio

import "encoding/binary"

// extends reads what mvex says of the fragments to come.
func (m *mp4) extends(s *source, b box) error {
	switch b.kind {
	case "mehd":
		v, err := b.bytes(s, 0, int(min(12, b.end-b.data)))
		if err != nil || len(v) < 8 {
			return err
		}
		if v[0] == 0 || len(v) < 12 {
			m.claimed = uint64(binary.BigEndian.Uint32(v[4:]))
		} else {
			m.claimed = binary.BigEndian.Uint64(v[4:])
		}
	case "trex":
		v, err := b.bytes(s, 4, 12)
		if err != nil {
			return err
		}
		if len(m.perSample) < maxTracks {
			m.perSample[binary.BigEndian.Uint32(v)] = binary.BigEndian.Uint32(v[8:])
		}
	}
	return nil
}

// lastFragment is where the sound of the last fragment ends, in ticks of its track. Browsers record
// fragments, because they do not know the length when they begin to write.
func (m *mp4) lastFragment(s *source) (uint64, error) {
	var last fragment
	found, err := s.findLast([]byte("moof"), func(off int64) (bool, error) {
		head, err := s.bytes(max(0, off-4), 4)
		if err != nil {
			return false, err
		}
		moof := box{kind: "moof", data: off + 4, end: off - 4 + int64(binary.BigEndian.Uint32(head))}
		if off < 4 || moof.end <= moof.data || moof.end > s.size {
			return false, nil
		}
		last = fragment{perSample: m.perSample[m.sound.id]}
		// What is wrong inside says that these four bytes were not a fragment, or one that was cut off: the
		// search goes on.
		err = eachBox(s, moof.data, moof.end, func(b box) (bool, error) { return true, last.track(s, b, m.sound.id) })
		return err == nil && last.timed, unlessRefused(err)
	})
	if err != nil {
		return 0, err
	}
	if found < 0 {
		return 0, unsupported("an MP4 file that does not say how long it is")
	}
	return last.base + last.ticks, nil
}

// fragment is the part of one track in a fragment.
type fragment struct {
	timed     bool
	base      uint64 // where it begins, in ticks
	ticks     uint64
	perSample uint32
}

// track reads a fragment's part of the track with that id.
func (f *fragment) track(s *source, b box, id uint32) error {
	if b.kind != "traf" {
		return nil
	}
	ours := false
	return eachBox(s, b.data, b.end, func(b box) (more bool, err error) {
		switch {
		case b.kind == "tfhd":
			ours, err = f.header(s, b, id)
		case b.kind == "tfdt" && ours:
			err = f.begins(s, b)
		case b.kind == "trun" && ours:
			err = f.run(s, b)
		}
		return true, err
	})
}

func (f *fragment) header(s *source, b box, id uint32) (bool, error) {
	const baseOffset, description, duration = 1, 2, 8
	v, err := b.bytes(s, 0, 8)
	if err != nil {
		return false, err
	}
	flags, ours := binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]) == id
	if !ours || flags&duration == 0 {
		return ours, nil
	}
	at := int64(8)
	if flags&baseOffset != 0 {
		at += 8
	}
	if flags&description != 0 {
		at += 4
	}
	if v, err = b.bytes(s, at, 4); err != nil {
		return false, err
	}
	f.perSample = binary.BigEndian.Uint32(v)
	return true, nil
}

func (f *fragment) begins(s *source, b box) error {
	v, err := b.bytes(s, 0, int(min(12, b.end-b.data)))
	if err != nil || len(v) < 8 {
		return err
	}
	f.timed = true
	f.base = uint64(binary.BigEndian.Uint32(v[4:]))
	if v[0] == 1 && len(v) == 12 {
		f.base = binary.BigEndian.Uint64(v[4:]) & (1<<62 - 1)
	}
	return nil
}

// run adds the samples' lengths: each with its own, or all with the default.
func (f *fragment) run(s *source, b box) error {
	const dataOffset, firstFlags, duration, others = 1, 4, 0x100, 0xe00
	v, err := b.bytes(s, 0, 8)
	if err != nil {
		return err
	}
	flags, count := binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
	if flags&duration == 0 {
		f.ticks += uint64(count) * uint64(f.perSample)
		return nil
	}
	at, each := int64(8), int64(4)
	for _, flag := range []uint32{dataOffset, firstFlags} {
		if flags&flag != 0 {
			at += 4
		}
	}
	for flag := uint32(0x200); flag&others != 0; flag <<= 1 { // size, flags and offset of each sample
		if flags&flag != 0 {
			each += 4
		}
	}
	for range count { // ends at the box's end at the latest, where bytes refuses
		if v, err = b.bytes(s, at, 4); err != nil {
			return err
		}
		f.ticks += uint64(binary.BigEndian.Uint32(v))
		at += each
	}
	return nil
}

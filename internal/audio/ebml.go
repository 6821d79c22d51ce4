package audio

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// element is one element of EBML (RFC 8794), the binary tree under WebM and Matroska.
type element struct {
	id        uint32
	data, end int64
	unsized   bool // written live: it goes on to its parent's end
	cut       bool // its parent ends before it
}

// eachElement visits the children between off and end until visit says no more. A child that is cut off
// is visited too, as the last.
func eachElement(s *source, off, end int64, visit func(*source, element) (bool, error)) error {
	for off < end {
		e, err := readElement(s, off, end)
		if err != nil {
			return err
		}
		if more, err := visit(s, e); err != nil || !more {
			return err
		}
		off = e.end
	}
	return nil
}

func readElement(s *source, off, end int64) (element, error) {
	b, err := s.bytes(off, 1)
	if err != nil {
		return element{}, err
	}
	width := bits.LeadingZeros8(b[0]) + 1
	if width > 4 {
		return element{}, unsupported("a WebM file with a broken element")
	}
	if b, err = s.bytes(off, width); err != nil {
		return element{}, err
	}
	var e element
	for _, c := range b {
		e.id = e.id<<8 | uint32(c) // the marker stays: ids are written with it
	}
	size, sizeWidth, err := readVint(s, off+int64(width))
	if err != nil {
		return element{}, err
	}
	e.data = off + int64(width+sizeWidth)
	e.unsized = size == 1<<(7*sizeWidth)-1
	e.cut = !e.unsized && size > uint64(max(0, end-e.data))
	e.end = end
	if !e.unsized && !e.cut {
		e.end = e.data + int64(size)
	}
	return e, nil
}

// readVint reads a number of 1 to 8 bytes whose leading zeros tell how many.
func readVint(s *source, off int64) (uint64, int, error) {
	b, err := s.bytes(off, 1)
	if err != nil {
		return 0, 0, err
	}
	width := bits.LeadingZeros8(b[0]) + 1
	if width > 8 {
		return 0, 0, unsupported("a WebM file with a broken number")
	}
	if b, err = s.bytes(off, width); err != nil {
		return 0, 0, err
	}
	return bigEndian(b) &^ (1 << (7 * width)), width, nil
}

// skippable refuses to pass an element whose end is not in the file.
func (e element) skippable() error {
	if e.unsized || e.cut {
		return truncated("a WebM file that ends in its headers")
	}
	return nil
}

// bytes gives the content of a short element.
func (e element) bytes(s *source, most int64) ([]byte, error) {
	if err := e.skippable(); err != nil {
		return nil, err
	}
	if e.end-e.data > most {
		return nil, unsupported("a WebM file with a broken number")
	}
	return s.bytes(e.data, int(e.end-e.data))
}

// holds says whether the content is that text.
func (e element) holds(s *source, text string) bool {
	if e.cut || e.end-e.data != int64(len(text)) {
		return false
	}
	b, err := s.bytes(e.data, len(text))
	return err == nil && string(b) == text
}

func (e element) uint(s *source) (uint64, error) {
	b, err := e.bytes(s, 8)
	return bigEndian(b), err
}

// float is 0 for an empty element and for one of a width that the standard does not know.
func (e element) float(s *source) (float64, error) {
	b, err := e.bytes(s, 8)
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), err
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), err
	}
	return 0, err
}

func bigEndian(b []byte) uint64 {
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

package audio

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

const (
	// block is read at once, one request to a bucket: an Ogg page has at most 65,307 bytes, so the last
	// block of a file holds all of its last page.
	block = 64 << 10
	// searched is how far before the end a last cluster or fragment may begin. Browsers begin one at least
	// every 33 seconds (a cluster counts its milliseconds in 16 bits): 1 MiB at 256 kbit/s, twice that for
	// good measure.
	searched = 2 << 20
	// maxBlocks bounds what one inspection reads to 6 MiB: a search back, the same way forward again, and a
	// third of that for headers, which may hold cover pictures.
	maxBlocks = 3 * searched / block
)

// source is a file of which one block at a time is in memory.
type source struct {
	r      io.ReaderAt
	size   int64
	left   int // blocks that may still be read
	from   int64
	held   []byte
	buffer [block]byte
}

// bytes gives n bytes from off, at most a block. They are valid until the next call.
func (s *source) bytes(off int64, n int) ([]byte, error) {
	if off < 0 || n < 0 || n > block || off > s.size-int64(n) {
		return nil, truncated("it ends before its headers do")
	}
	if off < s.from || off+int64(n) > s.from+int64(len(s.held)) {
		if err := s.load(off); err != nil {
			return nil, err
		}
	}
	at := int(off - s.from)
	return s.held[at : at+n], nil
}

func (s *source) load(off int64) error {
	if s.left == 0 {
		return unsupported("audio whose headers are spread too widely")
	}
	s.left--
	want := s.buffer[:min(block, s.size-off)]
	s.held = nil
	n, err := s.r.ReadAt(want, off)
	if n == len(want) { // io.ReaderAt may answer EOF together with the last byte
		s.from, s.held = off, want
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return truncated("it is shorter than was said")
	}
	return fmt.Errorf("reading audio at %d: %w", off, err)
}

// unlessRefused drops what only says that the bytes are not what a search hoped for.
func unlessRefused(err error) error {
	var refused *Refused
	if errors.As(err, &refused) {
		return nil
	}
	return err
}

// findLast searches backward, from the end to searched bytes before it, for a mark that accept agrees to:
// compressed sound may hold any four bytes. It answers -1 where there is none.
func (s *source) findLast(mark []byte, accept func(off int64) (bool, error)) (int64, error) {
	end := s.size
	for limit := max(0, s.size-searched); end-limit >= int64(len(mark)); {
		start := max(limit, end-block)
		for stop := int(end - start); stop > 0; {
			window, err := s.bytes(start, int(end-start))
			if err != nil {
				return -1, err
			}
			at := bytes.LastIndex(window[:stop], mark)
			if at < 0 {
				break
			}
			if ok, err := accept(start + int64(at)); ok || err != nil {
				return start + int64(at), err
			}
			stop = at + len(mark) - 1
		}
		if start == limit {
			break
		}
		end = start + int64(len(mark)) - 1 // a mark may lie across two windows
	}
	return -1, nil
}

package recording

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/switchboard-voice/switchboard/internal/blob"
)

// maxResumes bounds how often one copy goes on where it broke off: with the bytes that each of them must
// bring it is a bad line, above it is a server that should be left alone until the next try.
const maxResumes = 20

// resumed reads a provider's audio and goes on where the connection broke. Only a process that dies begins
// anew: an hour of a call is some 60 MB.
type resumed struct {
	ctx     context.Context
	end     context.CancelFunc
	open    func(offset int64) (Stream, error)
	from    Stream
	size    int64 // of the whole, -1 when nobody said
	at      int64
	most    int64
	resumes int
	fresh   bool // nothing came since it was opened last
	err     error
}

func (c *Copies) resume(ctx context.Context, source Source, id string) (body, int64, error) {
	provider, known := c.providers[source]
	if !known {
		return nil, 0, fmt.Errorf("no provider of %s recordings is configured", source)
	}
	ctx, end := context.WithTimeout(ctx, copyTime)
	r := &resumed{ctx: ctx, end: end, most: c.maxSize, open: func(offset int64) (Stream, error) {
		return provider.Open(ctx, id, offset, c.maxSize)
	}}
	first, err := r.open(0)
	if err != nil {
		end()
		return nil, 0, err
	}
	r.from, r.size, r.fresh = first, first.Size, true
	if r.size > r.most {
		r.Close()
		return nil, 0, ErrTooLarge
	}
	return r, max(r.size, blob.SizeUnknown), nil
}

// Read reads on, through breaks of the connection.
func (r *resumed) Read(p []byte) (int, error) {
	for r.err == nil {
		n, err := r.from.Read(p)
		r.at += int64(n)
		r.fresh = r.fresh && n == 0
		switch {
		case r.at > r.most:
			r.err = ErrTooLarge
		case r.size >= 0 && r.at > r.size:
			r.err = fmt.Errorf("%d bytes came of %d", r.at, r.size)
		case err != nil && r.at == r.size, errors.Is(err, io.EOF) && r.size < 0: // all of it is here, also when it broke after that
			r.err = io.EOF
		case err != nil:
			r.again(err)
		}
		if n > 0 && (r.err == nil || errors.Is(r.err, io.EOF)) {
			return n, nil
		}
	}
	return 0, r.err
}

// again opens anew after a break. A connection that brought nothing is not followed by another one.
func (r *resumed) again(broke error) {
	if r.fresh || r.resumes == maxResumes || r.ctx.Err() != nil || errors.Is(broke, ErrTooLarge) {
		r.err = fmt.Errorf("reading the audio: %w", broke)
		return
	}
	r.from.Close()
	r.resumes++
	next, err := r.open(r.at)
	if err != nil {
		r.from.Close = func() {}
		r.err = fmt.Errorf("going on at byte %d: %w", r.at, err)
		return
	}
	r.from, r.fresh = next, true
	if next.Size != r.size {
		r.err = fmt.Errorf("the audio had %d bytes and now has %d", r.size, next.Size)
	}
}

// Err says how reading failed; nil while it has not.
func (r *resumed) Err() error {
	if errors.Is(r.err, io.EOF) {
		return nil
	}
	return r.err
}

// Close ends the fetch, also in the middle.
func (r *resumed) Close() {
	r.from.Close()
	r.end()
}

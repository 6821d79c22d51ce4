package egress

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Body is what a server sends, held to the limits of its fetch.
type Body struct {
	Size int64 // in bytes, -1 when the server did not say; it is held to what it said

	from    io.ReadCloser
	ctx     context.Context
	end     func()
	left    int64 // bytes that may still come
	read    int64
	began   time.Time
	grace   time.Duration
	idle    time.Duration
	stalled *time.Timer
	err     error
}

// Read reads on. Errors: ErrTooLarge, ErrSlow, or what happened on the way.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 { // one byte more tells a body that is too large from one that just fits
		p = p[:b.left+1]
	}
	b.stalled.Reset(b.idle)
	n, err := b.from.Read(p)
	b.stalled.Stop() // whoever stores the bytes may take longer
	b.left, b.read = b.left-int64(n), b.read+int64(n)
	switch {
	case b.left < 0:
		b.err = ErrTooLarge
	case errors.Is(err, io.EOF):
		b.err = io.EOF
	case err != nil:
		b.err = fmt.Errorf("reading the body: %w", told(b.ctx, err))
	case time.Since(b.began) > b.grace+time.Duration(b.read/slowest)*time.Second:
		b.err = ErrSlow
	}
	if b.err != nil && !errors.Is(b.err, io.EOF) {
		return 0, b.err
	}
	return n, b.err
}

// Err says how reading failed, nil while it has not: so that whoever copied knows which end failed.
func (b *Body) Err() error {
	if errors.Is(b.err, io.EOF) {
		return nil
	}
	return b.err
}

// Close ends the fetch, also in the middle.
func (b *Body) Close() {
	b.stalled.Stop()
	b.end()
	_ = b.from.Close() // only the connection could fail, and it is not used again
}

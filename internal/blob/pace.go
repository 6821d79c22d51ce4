package blob

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	// idleTimeout cuts a transfer in which nothing moves. A phone that changes cells or leaves a lift is back
	// within some 20 seconds; whoever is silent longer holds a connection and a temporary file for nothing.
	idleTimeout = 30 * time.Second
	// slowest is the pace, in bytes a second, below which a transfer is cut although it still moves: half of
	// an EDGE connection. Without it, a byte every 29 seconds would hold a connection for good.
	slowest = 8 << 10
)

// longest is how long a transfer of that many bytes may take in all.
func longest(size int64) time.Duration {
	return time.Minute + time.Duration(size/slowest)*time.Second
}

// paced reads a body and gives up when nothing comes for idle, or when until has passed.
type paced struct {
	body    io.Reader
	control *http.ResponseController
	idle    time.Duration
	until   time.Time
}

func (p *paced) Read(buf []byte) (int, error) {
	next := time.Now().Add(p.idle)
	if next.After(p.until) {
		next = p.until
	}
	if err := p.control.SetReadDeadline(next); err != nil {
		return 0, err
	}
	n, err := p.body.Read(buf)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, errStalled
	case !errors.Is(err, io.EOF):
		return n, errAborted
	}
	// The deadline would else fire while the disk is flushed, and look like a client that left.
	if err := p.control.SetReadDeadline(time.Time{}); err != nil {
		return n, err
	}
	return n, io.EOF
}

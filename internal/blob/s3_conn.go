package blob

import (
	"context"
	"net"
	"net/http"
	"time"
)

const (
	// dialTimeout is for a connection, and again for its TLS: twice what a packet lost on each way costs.
	dialTimeout = 10 * time.Second
	// keepConns is for each process: about as many as jobs and people look into the bucket at the same time.
	keepConns = 16
	// writePiece is written under one deadline; a slow line moves that much within it.
	writePiece = 64 << 10
)

// transport bounds silence, not length: a body of 5 GiB may take its time, one that does not move ends after
// idle. It speaks HTTP/1.1, where a connection's deadline is that of its one request.
func transport(idle time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &quietConn{conn, idle}, nil
		},
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     idle - idle/6, // before the silence would end it in the middle of a new request
		MaxIdleConnsPerHost: keepConns,
		DisableCompression:  true, // a stored gzip file would come back unpacked
	}
}

// quietConn ends when nothing moves in either direction. A request's body goes out while the wait for its
// answer is already on, so writing has to move the deadline of reading too.
type quietConn struct {
	net.Conn
	idle time.Duration
}

func (c *quietConn) Read(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *quietConn) Write(p []byte) (written int, err error) {
	for len(p) > 0 {
		if err := c.SetDeadline(time.Now().Add(c.idle)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(p[:min(len(p), writePiece)])
		written += n
		if err != nil {
			return written, err
		}
		p = p[n:]
	}
	return written, nil
}

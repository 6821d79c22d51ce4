package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

// callTimeout is for one answer; a server that takes longer than this on loopback hangs.
const callTimeout = 10 * time.Second

// caller sends requests that are ready as bytes over one connection: with two cores for everything, a
// client that computes as much as a server would hide what the server costs.
type caller struct {
	conn   net.Conn
	reader *bufio.Reader
}

func dial(p *lab.Process) (*caller, error) {
	conn, err := net.Dial("tcp", p.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return &caller{conn: conn, reader: bufio.NewReader(conn)}, nil
}

// send gives the body into a buffer that the next call may reuse.
func (c *caller) send(request []byte, into *bytes.Buffer) error {
	if err := c.conn.SetDeadline(time.Now().Add(callTimeout)); err != nil {
		return fmt.Errorf("setting the deadline: %w", err)
	}
	if _, err := c.conn.Write(request); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	defer response.Body.Close()
	into.Reset()
	if _, err := io.Copy(into, response.Body); err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("answered with %d: %.300s", response.StatusCode, into)
	}
	return nil
}

// wire is a request as its bytes.
func wire(method, url string, body string, headers ...string) ([]byte, error) {
	request, err := http.NewRequest(method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	var out bytes.Buffer
	if err := request.Write(&out); err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	return out.Bytes(), nil
}

// hammer sends over so many connections at once until the time is over, and counts the answers. next
// gives the request for each call; it is called by one goroutine a connection.
func hammer(ctx context.Context, p *lab.Process, connections int, long time.Duration, next func(connection int) []byte) (calls int, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	counts, errs := make([]int, connections), make([]error, connections)
	var all sync.WaitGroup
	began := time.Now()
	for i := range connections {
		all.Go(func() { counts[i], errs[i] = repeat(ctx, p, func() []byte { return next(i) }) })
	}
	all.Wait()
	took = time.Since(began)
	for i := range connections {
		if errs[i] != nil {
			return 0, 0, errs[i]
		}
		calls += counts[i]
	}
	return calls, took, nil
}

func repeat(ctx context.Context, p *lab.Process, next func() []byte) (calls int, err error) {
	c, err := dial(p)
	if err != nil {
		return 0, err
	}
	defer c.conn.Close()
	var body bytes.Buffer
	for ctx.Err() == nil {
		if err := c.send(next(), &body); err != nil {
			return calls, err
		}
		calls++
	}
	return calls, nil
}

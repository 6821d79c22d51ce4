package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/switchboard-voice/switchboard/lab"
)

// half is a request of which the end is missing.
type half struct {
	conn net.Conn
	rest string
}

func (l *stage) halfSent() (*half, error) {
	conn, err := net.Dial("tcp", l.Server.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	head, body := l.Knock("half")
	if _, err := io.WriteString(conn, head+body[:len(body)/2]); err != nil {
		return nil, errors.Join(fmt.Errorf("sending half a webhook: %w", err), conn.Close())
	}
	return &half{conn, body[len(body)/2:]}, nil
}

func (h *half) finish() (int, error) {
	if _, err := io.WriteString(h.conn, h.rest); err != nil {
		return 0, fmt.Errorf("sending the other half: %w", err)
	}
	return lab.Answered(bufio.NewReader(h.conn))
}

func (h *half) close() { _ = h.conn.Close() }

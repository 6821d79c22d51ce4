package websocket

import (
	"context"
	"errors"
	"time"

	gorilla "github.com/gorilla/websocket"
)

// send writes one message of the socket itself.
func (s *socket) send(message []byte) error {
	if err := s.await(s.ctx); err != nil {
		return err
	}
	defer s.yield()
	return s.write(message)
}

// await stands in line for the turn to write. ctx is asked again at the front: what was cancelled in the
// line must not be heard of any more.
func (s *socket) await(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		s.yield()
		return err
	}
	return nil
}

func (s *socket) yield() { <-s.turn }

// write needs the turn.
func (s *socket) write(message []byte) error {
	_ = s.conn.SetWriteDeadline(time.Now().Add(s.transport.config.WriteTimeout)) // always nil
	return s.written(s.conn.WriteMessage(gorilla.TextMessage, message))
}

// ping keeps proxies from cutting an idle socket, and asks whether the peer is there.
func (s *socket) ping() {
	deadline := time.Now().Add(s.transport.config.WriteTimeout)
	_ = s.written(s.conn.WriteControl(gorilla.PingMessage, nil, deadline)) // the socket is cut already
}

// written cuts a peer that did not take a message in time: it would hold up its operations for ever.
func (s *socket) written(err error) error {
	if err != nil && !errors.Is(err, gorilla.ErrCloseSent) && s.cut() {
		s.transport.cut.Add(1)
	}
	return err
}

// pong answers a websocket ping on the reader's goroutine: a flood of pings is read no faster than its
// answers are taken.
func (s *socket) pong(data string) error {
	s.heard()
	err := s.conn.WriteControl(gorilla.PongMessage, []byte(data), time.Now().Add(s.transport.config.WriteTimeout))
	if errors.Is(err, gorilla.ErrCloseSent) {
		return nil
	}
	return err
}

package websocket

import (
	"errors"
	"io"
	"net"
	"unicode/utf8"

	gorilla "github.com/gorilla/websocket"
)

// strangerLimit bounds, in bytes, a message before connection_ack: tokens fit, and a stranger's sockets
// cannot hold ReadLimit each.
const strangerLimit = 16 << 10

// read takes messages until there are no more.
func (s *socket) read() {
	s.heard()
	var err error
	for err == nil {
		err = s.take()
	}
	s.closeFor(err)
}

func (s *socket) take() error {
	data, err := s.next()
	if err != nil {
		return err
	}
	s.heard()
	m, err := parse(data)
	if err != nil {
		return err
	}
	return s.handle(m, len(data))
}

// next reads one whole text message.
func (s *socket) next() ([]byte, error) {
	kind, r, err := s.conn.NextReader()
	if err != nil {
		return nil, err
	}
	if kind != gorilla.TextMessage {
		return nil, badRequest("binary")
	}
	limit := s.limit()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, gorilla.ErrReadLimit
	case !utf8.Valid(data):
		return nil, badRequest("not UTF-8")
	}
	return data, nil
}

func (s *socket) limit() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == ready {
		return s.transport.config.ReadLimit
	}
	return min(strangerLimit, s.transport.config.ReadLimit)
}

func (s *socket) handle(m message, size int) error {
	switch m.kind {
	case "ping":
		_ = s.send(m.pong()) // a failed write has cut the socket, which the next read will see
		return nil
	case "connection_init":
		if !s.advance(waiting, initialising) {
			return &refusal{closeTooManyInits, "Too many initialisation requests"}
		}
		request := s.request
		s.request = nil
		s.spawn(func() { s.initialise(request, m.object) })
		return nil
	case "subscribe":
		return s.subscribe(m, size)
	case "complete":
		s.complete(m.id)
	}
	return nil
}

// closeFor turns what ended the reading into a close code.
func (s *socket) closeFor(err error) {
	var refused *refusal
	var closed *gorilla.CloseError
	var network net.Error
	switch {
	case errors.As(err, &closed), errors.As(err, &network):
		return // the peer left, fell silent, or was closed by another goroutine: nobody listens any more
	case errors.As(err, &refused):
		s.close(refused.code, refused.reason)
	case errors.Is(err, gorilla.ErrReadLimit):
		s.close(closeTooBig, "Message too big")
	default:
		s.close(closeBadRequest, "Invalid frame") // gorilla has sent this close already, see wire
	}
	s.discard()
}

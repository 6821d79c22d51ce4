package websocket

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	gorilla "github.com/gorilla/websocket"
)

// closeWait bounds how long a close frame may take to leave, and how long we listen for the peer's own:
// a few round trips on a bad phone connection.
const closeWait = 2 * time.Second

// phase is how far a socket has come; it only moves forward.
type phase int

const (
	waiting      phase = iota // for connection_init
	initialising              // Init decides
	ready                     // acknowledged
	closing                   // nothing but a close frame leaves from here on
)

type socket struct {
	transport *Transport
	conn      *gorilla.Conn
	exec      graphql.GraphExecutor
	request   *http.Request // the upgrade, for Init; the reader drops it then
	user      string        // guarded by the transport

	ctx     context.Context // ends with the socket
	cancel  context.CancelFunc
	session context.Context // what operations run in, once ready
	expires time.Time       // of the session
	still   func(context.Context) error
	unsure  atomic.Bool // nobody knew when still was asked last
	tick    *time.Timer // see onTick

	// turn is held by whoever writes a message. The line in front of it is the outgoing queue: every
	// operation stands there with at most one message, and leaves when it is cancelled.
	turn chan struct{}

	mu         sync.Mutex
	phase      phase
	unwatch    []func()              // once ready
	operations map[string]*operation // by id; the client may still get something for these
	running    int                   // goroutines of operations, also of those completed but not yet stopped
	held       int                   // bytes of the subscribe messages that these keep alive
}

func newSocket(t *Transport, conn *gorilla.Conn, r *http.Request, exec graphql.GraphExecutor) *socket {
	s := &socket{
		transport: t, conn: conn, exec: exec, request: r, turn: make(chan struct{}, 1),
	}
	s.tick = time.AfterFunc(t.config.InitTimeout, func() { s.guard(s.onTick) })
	// The request's context ends when Do returns; its values (trace, request id) are worth keeping.
	s.ctx, s.cancel = context.WithCancel(context.WithoutCancel(r.Context()))
	conn.SetReadLimit(t.config.ReadLimit)
	conn.SetPongHandler(func(string) error { s.heard(); return nil })
	conn.SetPingHandler(s.pong)
	return s
}

// live is the socket's first goroutine: when it returns, nothing can come in or go out any more.
func (s *socket) live() {
	defer s.transport.leave(s)
	defer s.rest()
	defer s.cut()
	s.guard(s.read)
}

// spawn runs f as one more of the socket's goroutines.
func (s *socket) spawn(f func()) { s.transport.running.Go(func() { s.guard(f) }) }

// guard makes a panic in our code, or in Init, end the socket and not the process.
func (s *socket) guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			slog.ErrorContext(s.ctx, "websocket panicked", "panic", p, "stack", string(debug.Stack()))
			s.close(closeInternalError, "Internal server error")
		}
	}()
	f()
}

// advance moves the phase if nobody else did.
func (s *socket) advance(from, to phase) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != from {
		return false
	}
	s.phase = to
	return true
}

// heard puts off the moment from which the peer counts as gone.
func (s *socket) heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != closing {
		_ = s.conn.SetReadDeadline(time.Now().Add(s.transport.config.PongTimeout)) // fails only on a dead socket
	}
}

// close says why and ends the socket: the reader still listens for the peer's close frame, for closeWait.
// The frame goes first, so that nothing an operation says on being cancelled overtakes it.
func (s *socket) close(code int, reason string) {
	if !s.startClosing() {
		return
	}
	deadline := time.Now().Add(closeWait)
	frame := gorilla.FormatCloseMessage(code, clip(reason))
	err := s.conn.WriteControl(gorilla.CloseMessage, frame, deadline)
	if err != nil && !errors.Is(err, gorilla.ErrCloseSent) {
		s.cut()
		return
	}
	s.hangUp(deadline)
	s.cancelAll()
}

// hangUp ends our half of the connection and bounds the peer's.
func (s *socket) hangUp(deadline time.Time) {
	if w, ok := s.conn.NetConn().(wire); ok {
		w.closeWrite()
	}
	_ = s.conn.SetReadDeadline(deadline) // fails only on a dead socket
}

func (s *socket) startClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == closing {
		return false
	}
	s.phase = closing
	return true
}

// cancelAll ends the socket's context and its operations': the session's context need not come from ours.
func (s *socket) cancelAll() {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.operations {
		o.cancel()
	}
}

// cut ends the socket without a word and says whether it was not already closing.
func (s *socket) cut() bool {
	first := s.startClosing()
	s.cancelAll()
	_ = s.conn.Close() // what a dead connection answers to this helps nobody
	return first
}

// refuse closes a socket that was never let in.
func (s *socket) refuse(why *refusal) {
	defer s.rest()
	defer s.cut()
	s.close(why.code, why.reason)
	s.discard()
}

// discard throws away what the peer still sends until it hangs up or closeWait is over: closing a
// connection with unread bytes resets it, and the peer would never read our close frame.
func (s *socket) discard() { _, _ = io.Copy(io.Discard, s.conn.NetConn()) }

// clip shortens a reason to what a close frame takes, at a character's edge.
func clip(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	cut := maxReason
	for !utf8.RuneStart(reason[cut]) {
		cut--
	}
	return reason[:cut]
}

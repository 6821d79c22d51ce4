package websocket

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// Session is what Config.Init knows of who opened the socket.
type Session struct {
	// Context is what operations run in; it should come from the ctx that Init was given. nil is that ctx
	// itself. When it ends before the socket does, the socket closes with 4403, and its cause is shown to the
	// client if it has one of its own.
	Context context.Context

	// User is whose sockets are counted together. Empty counts for nobody: behind a proxy the address of
	// the connection is everyone's, so whoever lets strangers in names them here by an address it trusts.
	User string

	// MaxSockets is how many User may have open at once; 0 is Config.MaxSocketsPerUser.
	MaxSockets int

	// Expires is when the socket closes with 4403; zero is never. A context with a deadline would do the same
	// for about 1 KB more.
	Expires time.Time

	// Watch registers for news that may have ended the session; Still is asked then, and once at the start, as
	// something may have changed before. An ErrTryLater of Still leaves the socket open and has it asked again at
	// the next ping, ErrComeAgain closes it so that the client opens another (1012), any other error closes it for
	// good (4403). nil never asks.
	Watch func(wake func()) (stop func())
	Still func(ctx context.Context) error
}

// reason is why a session's context ended, as the close frame says it.
func reason(session context.Context) string {
	cause := context.Cause(session)
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return "Forbidden"
	}
	return cause.Error()
}

// initialise asks Init, apart from the reader, which goes on answering pings and refusing what comes
// too early.
func (s *socket) initialise(r *http.Request, payload map[string]any) {
	session, refused := s.askInit(r, payload)
	if refused != nil {
		s.close(refused.code, refused.reason)
		return
	}
	if !s.advance(initialising, ready) {
		return // closed meanwhile
	}
	s.tick.Reset(s.untilTick())
	s.watch(session)
	if s.still != nil {
		s.ask()
	}
	_ = s.send([]byte(`{"type":"connection_ack"}`)) // a failed write has cut the socket
}

func (s *socket) askInit(r *http.Request, payload map[string]any) (Session, *refusal) {
	var session Session
	if init := s.transport.config.Init; init != nil {
		var err error
		session, err = init(s.ctx, r.WithContext(s.ctx), payload)
		if errors.Is(err, ErrTryLater) {
			return Session{}, &refusal{closeTryLater, "Try again later"}
		}
		if err != nil {
			return Session{}, &refusal{closeForbidden, "Forbidden"}
		}
	}
	if session.Context == nil {
		session.Context = s.ctx
	}
	if !s.transport.claim(s, session) {
		return Session{}, &refusal{closeTryLater, "Too many sockets"}
	}
	s.session, s.expires, s.still = session.Context, session.Expires, session.Still // read by the reader only after the phase is ready
	return session, nil
}

// watch closes the socket when the session ends, if it can end before the socket does.
func (s *socket) watch(session Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != ready {
		return
	}
	if session.Context.Done() != s.ctx.Done() {
		stop := context.AfterFunc(session.Context, func() { s.guard(func() { s.close(closeForbidden, reason(session.Context)) }) })
		s.unwatch = append(s.unwatch, func() { stop() })
	}
	if session.Watch != nil {
		s.unwatch = append(s.unwatch, session.Watch(func() { s.guard(s.ask) }))
	}
}

// stillTimeout leaves time for the next ping.
const stillTimeout = 5 * time.Second

// ask closes the socket when its session does not go on.
func (s *socket) ask() {
	ctx, cancel := context.WithTimeout(s.session, stillTimeout)
	defer cancel()
	err := s.still(ctx)
	s.unsure.Store(errors.Is(err, ErrTryLater))
	switch {
	case err == nil || errors.Is(err, ErrTryLater):
	case errors.Is(err, ErrComeAgain):
		s.close(closeRestart, "Access changed")
	default:
		s.close(closeForbidden, "Forbidden")
	}
}

// rest ends what waits for the socket beside its reader: the session may live longer.
func (s *socket) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick.Stop()
	for _, stop := range s.unwatch {
		stop()
	}
}

// onTick is when the time for connection_init is over; later it is time for a ping, or to close. A timer has no goroutine
// while it waits: of a socket that is idle only the reader is there.
func (s *socket) onTick() {
	s.mu.Lock()
	phase := s.phase
	s.mu.Unlock()
	switch {
	case phase == closing:
	case phase != ready:
		s.close(closeInitTimeout, "Connection initialisation timeout")
	case !s.expires.IsZero() && !time.Now().Before(s.expires):
		s.close(closeForbidden, "Forbidden")
	default:
		s.ping()
		if s.unsure.Load() {
			s.ask()
		}
		s.tick.Reset(s.untilTick())
	}
}

// untilTick is how long the socket can be left alone.
func (s *socket) untilTick() time.Duration {
	if s.expires.IsZero() {
		return s.transport.config.PingInterval
	}
	return max(0, min(s.transport.config.PingInterval, time.Until(s.expires)))
}

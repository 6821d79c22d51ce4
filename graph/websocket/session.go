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
	// itself. When it ends before the socket does, the socket closes with 4403.
	Context context.Context

	// User is whose sockets are counted together. Empty counts for nobody: behind a proxy the address of
	// the connection is everyone's, so whoever lets strangers in names them here by an address it trusts.
	User string

	// MaxSockets is how many User may have open at once; 0 is Config.MaxSocketsPerUser.
	MaxSockets int

	// Ended closes when the session does, and the socket with it (4403). nil never does.
	Ended <-chan struct{}

	// Woken tells that the session may have ended; Still is asked then. An ErrTryLater of Still leaves the
	// socket open and has it asked again, ErrComeAgain closes it so that the client opens another (1012), any
	// other error closes it for good (4403). nil never asks.
	Woken <-chan struct{}
	Still func(ctx context.Context) error

	// Err says why, once Ended is closed; its text is shown to the client. May be nil.
	Err func() error
}

// reason is what the close frame says.
func (s Session) reason() string {
	if s.Err != nil {
		if err := s.Err(); err != nil {
			return err.Error()
		}
	}
	return "Forbidden"
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
	s.sessions <- session
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
	s.session = session.Context // read by the reader only after the phase is ready
	return session, nil
}

// keep closes the socket when its time has come, and pings until then.
func (s *socket) keep() {
	session, ok := s.awaitSession()
	if !ok {
		return
	}
	ticker := time.NewTicker(s.transport.config.PingInterval)
	defer ticker.Stop()
	over, again := false, false
	for !over {
		select {
		case <-s.ctx.Done():
			return
		case <-s.restart:
			s.close(closeRestart, "Service restart")
			return
		case <-session.Ended:
			s.close(closeForbidden, session.reason())
			return
		case <-session.Context.Done():
			s.close(closeForbidden, "Forbidden")
			return
		case <-session.Woken:
			over, again = s.ask(session)
		case <-ticker.C:
			s.ping()
			if again {
				over, again = s.ask(session)
			}
		}
	}
}

// stillTimeout leaves time for the next ping.
const stillTimeout = 5 * time.Second

// ask closes the socket when its session does not go on. again is true when nobody knows.
func (s *socket) ask(session Session) (over, again bool) {
	ctx, cancel := context.WithTimeout(session.Context, stillTimeout)
	defer cancel()
	err := session.Still(ctx)
	if err == nil || errors.Is(err, ErrTryLater) {
		return false, err != nil
	}
	if errors.Is(err, ErrComeAgain) {
		s.close(closeRestart, "Access changed")
	} else {
		s.close(closeForbidden, "Forbidden")
	}
	return true, false
}

func (s *socket) awaitSession() (Session, bool) {
	timeout := time.NewTimer(s.transport.config.InitTimeout)
	defer timeout.Stop()
	select {
	case session := <-s.sessions:
		return session, true
	case <-s.ctx.Done():
	case <-s.restart:
		s.close(closeRestart, "Service restart")
	case <-timeout.C:
		s.close(closeInitTimeout, "Connection initialisation timeout")
	}
	return Session{}, false
}

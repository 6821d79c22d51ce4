package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

// asNamed lets everyone in under the name that connection_init gives.
func asNamed(_ context.Context, _ *http.Request, payload map[string]any) (websocket.Session, error) {
	name, _ := payload["name"].(string)
	return websocket.Session{User: name}, nil
}

func (s *server) named(t testing.TB, name string) *client {
	t.Helper()
	c := s.dial(t)
	c.send(fmt.Sprintf(`{"type":"connection_init","payload":{"name":%q}}`, name))
	return c
}

func TestRefusedInitClosesWith4403AndDoesNotSayWhy(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{Init: func(context.Context, *http.Request, map[string]any) (websocket.Session, error) {
		return websocket.Session{}, errors.New("the token of user 7 has expired")
	}})
	c := s.dial(t)
	c.send(`{"type":"connection_init"}`)
	if reason := c.wantClose(4403); reason != "Forbidden" {
		t.Errorf("it says %q", reason)
	}
}

func TestInitThatCouldNotDecideBringsTheClientBack(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{Init: func(context.Context, *http.Request, map[string]any) (websocket.Session, error) {
		return websocket.Session{}, fmt.Errorf("asking the database: %w", websocket.ErrTryLater)
	}})
	c := s.dial(t)
	c.send(`{"type":"connection_init"}`)
	c.wantClose(1013)
}

func TestInitThatPanicsClosesItsOwnSocketOnly(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{Init: func(_ context.Context, _ *http.Request, payload map[string]any) (websocket.Session, error) {
		if payload["name"] == "panic" {
			panic("a bug")
		}
		return websocket.Session{}, nil
	}})
	other := s.connect(t)
	s.named(t, "panic").wantClose(4500)
	other.wantPong()
}

func TestInitThatHangsClosesWith4408AndIsTold(t *testing.T) {
	t.Parallel()
	told := make(chan error, 1)
	s := start(t, websocket.Config{InitTimeout: time.Second, Init: func(ctx context.Context, _ *http.Request, _ map[string]any) (websocket.Session, error) {
		<-ctx.Done()
		told <- ctx.Err()
		return websocket.Session{}, ctx.Err()
	}})
	c := s.dial(t)
	c.send(`{"type":"connection_init"}`)
	c.wantClose(4408)
	select {
	case <-told:
	case <-time.After(patience):
		t.Error("Init hangs still")
	}
}

func TestSubscribeWhileInitDecidesClosesWith4401(t *testing.T) {
	t.Parallel()
	decide := make(chan struct{})
	s := start(t, websocket.Config{Init: func(ctx context.Context, _ *http.Request, _ map[string]any) (websocket.Session, error) {
		select {
		case <-decide:
		case <-ctx.Done():
		}
		return websocket.Session{}, nil
	}})
	defer close(decide)
	c := s.dial(t)
	c.send(`{"type":"connection_init"}`)
	c.wantPong() // the reader goes on
	c.subscribe("1", "{hello}")
	c.wantClose(4401)
}

func TestEndOfTheSessionClosesWith4403AndSaysWhy(t *testing.T) {
	t.Parallel()
	ended := make(chan context.CancelCauseFunc, 1)
	s := start(t, websocket.Config{Init: func(ctx context.Context, _ *http.Request, _ map[string]any) (websocket.Session, error) {
		session, end := context.WithCancelCause(ctx)
		ended <- end
		return websocket.Session{Context: session}, nil
	}})
	c := s.connect(t)
	c.subscribe("1", `subscription{feed(name:"a")}`)
	eventually(t, "the operation runs", func() bool { return s.Stats().Operations == 1 })
	(<-ended)(errors.New("You have been signed out."))
	if reason := c.wantClose(4403); reason != "You have been signed out." {
		t.Errorf("it says %q", reason)
	}
	eventually(t, "its operations have ended", func() bool { return s.Stats().Operations == 0 })
}

func TestEndOfTheSessionsContextClosesWith4403(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{Init: func(ctx context.Context, _ *http.Request, _ map[string]any) (websocket.Session, error) {
		short, cancel := context.WithTimeout(ctx, time.Second) // long after the acknowledgement
		context.AfterFunc(short, cancel)
		return websocket.Session{Context: short}, nil
	}})
	s.connect(t).wantClose(4403)
}

func TestASessionThatExpiresClosesWith4403(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{Init: func(context.Context, *http.Request, map[string]any) (websocket.Session, error) {
		return websocket.Session{Expires: time.Now().Add(time.Second)}, nil // long after the acknowledgement
	}})
	s.connect(t).wantClose(4403)
}

package websocket_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

func TestShutdownTellsEverySocketToComeBackAndSpreadsIt(t *testing.T) {
	t.Parallel()
	const sockets = 40
	s := start(t, websocket.Config{ShutdownWindow: time.Second})
	at := make(chan time.Time, sockets)
	for i := range sockets {
		c := s.connect(t)
		if i%2 == 0 {
			c.subscribe("1", `subscription{feed(name:"a")}`)
		}
		go func() {
			_, err := c.read()
			if !gorilla.IsCloseError(err, gorilla.CloseServiceRestart) {
				t.Errorf("closed with %v, want 1012", err)
			}
			at <- time.Now()
		}()
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	first := <-at
	last := first
	for range sockets - 1 {
		if next := <-at; next.After(last) {
			last = next
		} else if next.Before(first) {
			first = next
		}
	}
	if spread := last.Sub(first); spread < 300*time.Millisecond { // of a second; a busy machine sees the first one late
		t.Errorf("all were closed within %s", spread)
	}
	if st := s.Stats(); st.Sockets != 0 || st.Operations != 0 {
		t.Errorf("left: %+v", st)
	}
}

func TestShutdownRefusesUpgradesAndSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	_, response, err := s.upgrade(http.Header{}, "graphql-transport-ws")
	if err == nil || response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("%v %v", response, err)
	}
}

func TestShutdownCutsWhatDoesNotEndInTime(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{ShutdownWindow: time.Millisecond})
	c := s.connect(t)
	c.subscribe("1", `subscription{stubborn(name:"a")}`)
	eventually(t, "the operation runs", func() bool { return s.Stats().Operations == 1 })
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an operation is left and Shutdown says %v", err)
	}
	close(s.feed("a"))
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestSecondShutdownCutsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{ShutdownWindow: time.Hour})
	for range 5 {
		s.connect(t)
	}
	first := make(chan error, 1)
	go func() { first <- s.Shutdown(context.Background()) }()
	eventually(t, "it has begun", func() bool {
		conn, _, err := s.upgrade(http.Header{}, "graphql-transport-ws")
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
}

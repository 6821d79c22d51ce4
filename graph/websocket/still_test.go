package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

// watched is a socket whose session is asked for when it is woken.
func watched(t *testing.T, still func(asked int) error) (c *client, woken chan struct{}, asked *atomic.Int64) {
	t.Helper()
	woken, asked = make(chan struct{}, 1), &atomic.Int64{}
	s := start(t, websocket.Config{PingInterval: 50 * time.Millisecond, Init: func(context.Context, *http.Request, map[string]any) (websocket.Session, error) {
		return websocket.Session{Woken: woken, Still: func(context.Context) error { return still(int(asked.Add(1))) }}, nil
	}})
	return s.connect(t), woken, asked
}

func TestASocketIsAskedForWhenItIsWokenAndClosesOnlyWhenItsSessionDoesNotGoOn(t *testing.T) {
	t.Parallel()
	for code, end := range map[int]error{4403: errors.New("signed out"), 1012: fmt.Errorf("the role: %w", websocket.ErrComeAgain)} {
		c, woken, asked := watched(t, func(asked int) error {
			if asked > 1 {
				return end
			}
			return nil
		})
		woken <- struct{}{}
		eventually(t, "it is asked", func() bool { return asked.Load() == 1 })
		c.wantPong()
		woken <- struct{}{}
		c.wantClose(code)
	}
}

func TestASessionThatCannotBeLookedUpIsAskedForAgainUntilItCan(t *testing.T) {
	t.Parallel()
	c, woken, asked := watched(t, func(asked int) error {
		if asked < 3 {
			return fmt.Errorf("asking the database: %w", websocket.ErrTryLater)
		}
		return errors.New("signed out")
	})
	woken <- struct{}{}
	c.wantClose(4403)
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

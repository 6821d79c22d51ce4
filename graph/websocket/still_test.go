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

// watched is a socket whose session is asked for at its start, and whenever it is woken.
func watched(t *testing.T, still func(asked int) error) (c *client, wake func(), asked *atomic.Int64) {
	t.Helper()
	wakes, asked := make(chan func(), 1), &atomic.Int64{}
	s := start(t, websocket.Config{PingInterval: 50 * time.Millisecond, Init: func(context.Context, *http.Request, map[string]any) (websocket.Session, error) {
		return websocket.Session{
			Watch: func(wake func()) func() { wakes <- wake; return func() {} },
			Still: func(context.Context) error { return still(int(asked.Add(1))) },
		}, nil
	}})
	c = s.connect(t)
	return c, <-wakes, asked
}

func TestASocketIsAskedForWhenItIsWokenAndClosesOnlyWhenItsSessionDoesNotGoOn(t *testing.T) {
	t.Parallel()
	for code, end := range map[int]error{4403: errors.New("signed out"), 1012: fmt.Errorf("the role: %w", websocket.ErrComeAgain)} {
		c, wake, asked := watched(t, func(asked int) error {
			if asked > 2 {
				return end
			}
			return nil
		})
		wake()
		if n := asked.Load(); n != 2 {
			t.Errorf("asked %d times", n)
		}
		c.wantPong()
		wake()
		c.wantClose(code)
	}
}

func TestASessionThatCannotBeLookedUpIsAskedForAgainUntilItCan(t *testing.T) {
	t.Parallel()
	c, _, asked := watched(t, func(asked int) error {
		if asked < 3 {
			return fmt.Errorf("asking the database: %w", websocket.ErrTryLater)
		}
		return errors.New("signed out")
	})
	c.wantClose(4403)
	if n := asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// cursors collects what a subscription gives.
func cursors(t *testing.T, c *Client, variables map[string]any) ([]string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var seen []string
	err := c.Subscribe(ctx, "subscription", variables, func(data json.RawMessage) error {
		seen = append(seen, cursorOf(data))
		return nil
	})
	return seen, err
}

func TestAfterALostSocketTheStreamGoesOnBehindTheLastCursor(t *testing.T) {
	t.Parallel()
	c, opened := sockets(t, func(p *peer) {
		p.wantSubscribe(`{"id":"trn_1"}`)
		p.next("c1")
		p.next("c2")
		p.close(websocket.CloseAbnormalClosure, "")
	}, func(p *peer) {
		p.wantSubscribe(`{"id":"trn_1","after":"c2"}`)
		p.next("c3")
		p.complete()
	})
	variables := map[string]any{"id": "trn_1"}

	seen, err := cursors(t, c, variables)

	if err != nil || !slices.Equal(seen, []string{"c1", "c2", "c3"}) {
		t.Errorf("got %v, %v, want c1, c2 and c3 once each", seen, err)
	}
	if len(variables) != 1 {
		t.Errorf("the caller's variables became %v", variables)
	}
	wantCount(t, opened, 2)
}

func TestSocketThatTheServerMayTakeBackIsOpenedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []int{1000, 1001, 1006, 1012, 1013, 4408} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			c, opened := sockets(t, func(p *peer) { p.close(code, "") }, func(p *peer) {
				p.wantSubscribe("")
				p.complete()
			})
			if _, err := cursors(t, c, nil); err != nil {
				t.Errorf("got %v, want the stream's end", err)
			}
			wantCount(t, opened, 2)
		})
	}
}

func TestSocketThatIsClosedForGoodIsNotOpenedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []int{1002, 1009, 4400, 4401, 4403, 4406, 4409, 4429, 4500} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			c, opened := sockets(t, func(p *peer) { p.close(code, "the reason") })
			_, err := cursors(t, c, nil)
			if got := wantError(t, err); got.Status != code || got.Message != "the reason" {
				t.Errorf("got %+v, want close code %d and its reason", got, code)
			}
			wantCount(t, opened, 1)
		})
	}
}

func TestServerThatIsBusyAtTheUpgradeIsAskedAgain(t *testing.T) {
	t.Parallel()
	c, opened := answers(t, status(http.StatusServiceUnavailable, "shutting down", "Retry-After", "0"), hangUp, upgraded(t, func(p *peer) {
		p.want(`{"type":"connection_init","payload":{"authorization":"Bearer tok_secret"}}`)
		p.send(`{"type":"connection_ack"}`)
		p.complete()
	}))
	if _, err := cursors(t, c, nil); err != nil {
		t.Errorf("got %v, want the stream's end", err)
	}
	wantCount(t, opened, 3)
}

func TestRefusedUpgradeIsFinal(t *testing.T) {
	t.Parallel()
	c, opened := answers(t, status(http.StatusForbidden, "This page may not.\n"))
	_, err := cursors(t, c, nil)
	if got := wantError(t, err); got.Status != http.StatusForbidden || got.Message != "This page may not." {
		t.Errorf("got %+v, want 403 and its sentence", got)
	}
	wantCount(t, opened, 1)
}

func TestServerThatNeverStaysIsGivenUp(t *testing.T) {
	t.Parallel()
	c, opened := sockets(t, slices.Repeat([]func(*peer){func(p *peer) { p.close(1012, "Service restart") }}, maxDrops)...)
	_, err := cursors(t, c, nil)
	var closed *websocket.CloseError
	if !errors.As(err, &closed) || closed.Code != 1012 {
		t.Errorf("got %v, want the last close", err)
	}
	wantCount(t, opened, maxDrops)
}

func TestPingsAreAnswered(t *testing.T) {
	t.Parallel()
	c, _ := sockets(t, func(p *peer) {
		p.wantSubscribe("")
		p.send(`{"type":"ping","payload":{"n":1}}`)
		p.want(`{"type":"pong","payload":{"n":1}}`)
		frame := make(chan string, 1)
		p.conn.SetPongHandler(func(data string) error { frame <- data; return nil })
		_ = p.conn.WriteControl(websocket.PingMessage, []byte("frame"), time.Now().Add(patience))
		p.send(`{"type":"ping"}`)
		p.want(`{"type":"pong"}`) // reading it handles the frame that came before
		select {
		case data := <-frame:
			if data != "frame" {
				p.t.Errorf("pong frame %q, want the ping's data", data)
			}
		default:
			p.t.Error("the ping frame was not answered")
		}
		p.complete()
	})
	if _, err := cursors(t, c, nil); err != nil {
		t.Errorf("got %v, want the stream's end", err)
	}
}

func TestErrorMessageEndsTheStreamWithItsCode(t *testing.T) {
	t.Parallel()
	c, opened := sockets(t, func(p *peer) {
		p.send(`{"id":"1","type":"error","payload":[{"message":"There is no such transcription.","path":["status"],"extensions":{"code":"NOT_FOUND"}}]}`)
	})
	_, err := cursors(t, c, nil)
	if got := wantError(t, err); got.Code != "NOT_FOUND" || got.Message != "There is no such transcription." || len(got.Path) != 1 {
		t.Errorf("got %+v", got)
	}
	wantCount(t, opened, 1)
}

func TestEventThatFailedForAMomentIsAskedForAgain(t *testing.T) {
	t.Parallel()
	c, _ := sockets(t, func(p *peer) {
		p.next("c1")
		p.send(`{"id":"1","type":"next","payload":{"data":null,"errors":[{"message":"Later.","extensions":{"code":"UNAVAILABLE"}}]}}`)
	}, func(p *peer) {
		p.wantSubscribe(`{"after":"c1"}`)
		p.next("c2")
		p.complete()
	})
	seen, err := cursors(t, c, nil)
	if err != nil || !slices.Equal(seen, []string{"c1", "c2"}) {
		t.Errorf("got %v, %v, want c1 and c2", seen, err)
	}
}

func TestErrorOfTheCallerEndsTheStream(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough")
	left := make(chan error, 1)
	c, opened := sockets(t, func(p *peer) {
		p.wantSubscribe("")
		p.next("c1")
		_, _, err := p.conn.ReadMessage()
		left <- err
	})
	err := c.Subscribe(t.Context(), "subscription", nil, func(json.RawMessage) error { return enough })
	if err != enough {
		t.Errorf("got %v, want the caller's own error", err)
	}
	if err := <-left; !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("the server saw %v, want a close that is in order", err)
	}
	wantCount(t, opened, 1)
}

func TestEndOfTheContextEndsAQuietStream(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error, 1)
	c, opened := sockets(t, func(p *peer) {
		p.wantSubscribe("")
		cancel()
		_, _, err := p.conn.ReadMessage()
		left <- err
	})
	if err := c.Subscribe(ctx, "subscription", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	if err := <-left; !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("the server saw %v, want a close that is in order", err)
	}
	wantCount(t, opened, 1)
}

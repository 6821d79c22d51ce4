package websocket_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	gorilla "github.com/gorilla/websocket"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

func TestOperationAboveTheLimitIsRefusedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{MaxOperations: 3})
	c := s.connect(t)
	for i := range 3 {
		c.subscribe(fmt.Sprint(i), `subscription{feed(name:"a")}`)
	}
	c.subscribe("one more", "{hello}")
	c.want(`{"id":"one more","type":"error","payload":[{"message":"too many operations on this socket, complete one first","extensions":{"code":"LIMIT"}}]}`)
	s.feed("a") <- `"still here"`
	if _, err := c.read(); err != nil {
		t.Fatal(err)
	}
	c.send(`{"type":"complete","id":"0"}`)
	c.subscribe("one more", "{hello}")
	c.want(`{"id":"one more","type":"next","payload":{"data":{"hello":"world"}}}`)
}

func TestCompletedOperationsThatDoNotStopAreBoundedToo(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{MaxOperations: 2})
	c := s.connect(t)
	for i := range 4 {
		c.subscribe(fmt.Sprint(i), `subscription{stubborn(name:"a")}`)
		eventually(t, "it waits", func() bool { return s.stubborn.Load() == int64(i+1) })
		c.send(fmt.Sprintf(`{"type":"complete","id":"%d"}`, i))
	}
	c.subscribe("5", "{hello}")
	if message, err := c.read(); err != nil || !strings.Contains(string(message), "LIMIT") {
		t.Errorf("%s %v", message, err)
	}
	close(s.feed("a"))
	eventually(t, "they have stopped", func() bool { return s.Stats().Operations == 0 })
	c.subscribe("6", "{hello}")
	c.want(`{"id":"6","type":"next","payload":{"data":{"hello":"world"}}}`)
}

func TestSubscribeMessagesTogetherAreBounded(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{ReadLimit: 4 << 10})
	c := s.connect(t)
	long := `subscription{feed(name:"a")}` + strings.Repeat(" ", 3<<10)
	for i := range 5 {
		c.subscribe(fmt.Sprint(i), long)
	}
	c.subscribe("more", long)
	if message, err := c.read(); err != nil || !strings.Contains(string(message), "LIMIT") {
		t.Errorf("%s %v", message, err)
	}
}

func TestStrangersMessageIsBoundedBelowTheLimitOfOthers(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	long := `{"type":"connection_init","payload":{"authorization":"` + strings.Repeat("x", 17<<10) + `"}}`
	c := s.dial(t)
	c.send(long)
	c.wantClose(1009)
}

func TestSocketAboveTheLimitIsToldToComeLater(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{MaxSockets: 2})
	first := s.connect(t)
	s.connect(t)
	s.dial(t).wantClose(1013)
	first.conn.Close()
	eventually(t, "there is room again", func() bool { return s.Stats().Sockets == 1 })
	s.connect(t)
}

func TestSocketsOfOneUserAreBoundedAndOthersAreNot(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{MaxSocketsPerUser: 2, Init: asNamed})
	for range 2 {
		s.named(t, "ada").want(`{"type":"connection_ack"}`)
	}
	s.named(t, "ada").wantClose(1013)
	s.named(t, "bob").want(`{"type":"connection_ack"}`)
}

func TestPlacesOfAUserComeBackWithHisSockets(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{MaxSocketsPerUser: 1, Init: asNamed})
	for range 20 {
		c := s.named(t, "ada")
		c.want(`{"type":"connection_ack"}`)
		c.conn.Close()
		eventually(t, "it has left", func() bool { return s.Stats().Sockets == 0 })
	}
}

func TestOnlyPagesOfAllowedOriginsOpenASocket(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.com"
	s := start(t, websocket.Config{AllowOrigin: func(origin string) bool { return origin == app }})
	for _, origin := range []string{app, ""} { // no browser leaves it out
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		conn, _, err := s.upgrade(header, "graphql-transport-ws")
		if err != nil {
			t.Fatalf("%q: %v", origin, err)
		}
		conn.Close()
	}
	for _, origins := range [][]string{
		{"null"}, {"https://evil.com"}, {"http://app.example.com"}, {"https://app.example.com:8443"}, {"https://app.example.com.evil.com"},
		{"https://APP.example.com"}, {app, "https://evil.com"}, {app + ", https://evil.com"}, {""},
	} {
		conn, response, err := s.upgrade(http.Header{"Origin": origins}, "graphql-transport-ws")
		if !errors.Is(err, gorilla.ErrBadHandshake) || response.StatusCode != http.StatusForbidden {
			t.Errorf("%q: %v %v", origins, response, err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

func TestWithoutAllowedOriginsNoPageOpensASocket(t *testing.T) {
	t.Parallel()
	s := start(t, websocket.Config{})
	_, response, err := s.upgrade(http.Header{"Origin": {"https://app.example.com"}}, "graphql-transport-ws")
	if err == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("%v %v", response, err)
	}
}

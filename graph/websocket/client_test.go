package websocket_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql/executor"
	gorilla "github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/switchboard-voice/switchboard/graph/websocket"
)

// patience is how long a test waits for what should come at once: a busy machine is no failure.
const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a real HTTP server whose every request goes to the transport.
type server struct {
	*schema
	*websocket.Transport
	url string
}

func start(t testing.TB, config websocket.Config) *server {
	t.Helper()
	s := &server{schema: newSchema(), Transport: websocket.New(config)}
	exec := executor.New(s.schema)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.Supports(r) {
			http.Error(w, "not a websocket", http.StatusUpgradeRequired)
			return
		}
		s.Do(w, r, exec)
	}))
	s.url = "ws" + strings.TrimPrefix(listener.URL, "http")
	t.Cleanup(func() {
		listener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = s.Shutdown(ctx) // tests of Shutdown have called it: this cuts what they left
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("goroutines left: %v", err)
		}
	})
	return s
}

// client is a websocket whose every expectation is the very next message.
type client struct {
	t    testing.TB
	conn *gorilla.Conn
}

func (s *server) dial(t testing.TB) *client {
	t.Helper()
	conn, response, err := s.upgrade(http.Header{}, "graphql-transport-ws")
	if err != nil {
		t.Fatalf("dialling: %v (%v)", err, response)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn}
}

func (s *server) upgrade(header http.Header, subprotocols ...string) (*gorilla.Conn, *http.Response, error) {
	dialer := gorilla.Dialer{Subprotocols: subprotocols, HandshakeTimeout: patience}
	return dialer.Dial(s.url, header)
}

// connect also says hello.
func (s *server) connect(t testing.TB) *client {
	t.Helper()
	c := s.dial(t)
	c.init()
	return c
}

func (c *client) init() {
	c.t.Helper()
	c.send(`{"type":"connection_init"}`)
	c.want(`{"type":"connection_ack"}`)
}

func (c *client) send(message string) {
	c.t.Helper()
	if err := c.conn.WriteMessage(gorilla.TextMessage, []byte(message)); err != nil {
		c.t.Fatalf("sending %s: %v", message, err)
	}
}

func (c *client) subscribe(id, query string) {
	c.t.Helper()
	message, err := json.Marshal(map[string]any{"id": id, "type": "subscribe", "payload": map[string]any{"query": query}})
	if err != nil {
		c.t.Fatal(err)
	}
	c.send(string(message))
}

func (c *client) read() ([]byte, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	_, message, err := c.conn.ReadMessage()
	return message, err
}

func (c *client) want(message string) {
	c.t.Helper()
	got, err := c.read()
	if err != nil {
		c.t.Fatalf("waiting for %s: %v", message, err)
	}
	var a, b any
	if json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(message), &b) != nil || !reflect.DeepEqual(a, b) {
		c.t.Fatalf("got %s, want %s", got, message)
	}
}

func (c *client) wantPong() {
	c.t.Helper()
	c.send(`{"type":"ping"}`)
	c.want(`{"type":"pong"}`)
}

// wantClose asks for a close frame with this code as the very next thing.
func (c *client) wantClose(code int) string {
	c.t.Helper()
	message, err := c.read()
	var closed *gorilla.CloseError
	if !errors.As(err, &closed) || closed.Code != code {
		c.t.Fatalf("got %s %v, want close %d", message, err, code)
	}
	return closed.Text
}

// eventually polls for what has no signal of its own.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

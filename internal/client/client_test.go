package client

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

// patience is how long a test waits for what should come at once: a busy machine is no failure.
const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and a client of it that does not wait between two tries.
func serve(t *testing.T, handler http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c := New(Config{Server: server.URL, Token: "tok_secret", Origin: "https://app.example.com", HTTP: server.Client()})
	c.backoff = backoff{first: time.Millisecond, most: time.Millisecond}
	return c
}

// answers gives each request the next handler; one request more than handlers fails the test.
func answers(t *testing.T, handlers ...http.HandlerFunc) (*Client, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	return serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(asked.Add(1))
		if n > len(handlers) {
			t.Errorf("request %d came, want %d", n, len(handlers))
			http.Error(w, "too many", http.StatusTeapot)
			return
		}
		handlers[n-1](w, r)
	})), &asked
}

func status(code int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// hangUp is a server that dies over a request.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// peer is the server's end of a websocket, whose every expectation is the very next message.
type peer struct {
	t    *testing.T
	conn *websocket.Conn
}

// sockets answers the n-th upgrade with the n-th script, after the protocol's hello.
func sockets(t *testing.T, scripts ...func(*peer)) (*Client, *atomic.Int64) {
	t.Helper()
	handlers := make([]http.HandlerFunc, len(scripts))
	for i, script := range scripts {
		handlers[i] = upgraded(t, func(p *peer) {
			p.want(`{"type":"connection_init","payload":{"authorization":"Bearer tok_secret"}}`)
			p.send(`{"type":"connection_ack"}`)
			script(p)
		})
	}
	return answers(t, handlers...)
}

func upgraded(t *testing.T, script func(*peer)) http.HandlerFunc {
	upgrader := websocket.Upgrader{Subprotocols: []string{"graphql-transport-ws"}, CheckOrigin: func(r *http.Request) bool {
		return r.Header.Get("Origin") == "https://app.example.com"
	}}
	return func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("upgrading: %v", err)
			return
		}
		defer conn.Close()
		if r.URL.Path != "/graphql" || conn.Subprotocol() != "graphql-transport-ws" {
			t.Errorf("upgraded %s with subprotocol %q", r.URL.Path, conn.Subprotocol())
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		script(&peer{t, conn})
	}
}

func (p *peer) send(message string) {
	if err := p.conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		p.t.Errorf("sending %s: %v", message, err)
	}
}

func (p *peer) want(message string) {
	_, got, err := p.conn.ReadMessage()
	if err != nil {
		p.t.Errorf("waiting for %s: %v", message, err)
		return
	}
	if !sameJSON(got, []byte(message)) {
		p.t.Errorf("got %s, want %s", got, message)
	}
}

// wantSubscribe asks for a subscription with these variables.
func (p *peer) wantSubscribe(variables string) {
	if variables != "" {
		variables = `,"variables":` + variables
	}
	p.want(`{"id":"1","type":"subscribe","payload":{"query":"subscription"` + variables + `}}`)
}

func (p *peer) next(cursor string) {
	p.send(`{"id":"1","type":"next","payload":{"data":{"status":{"cursor":"` + cursor + `"}}}}`)
}

func (p *peer) complete() { p.send(`{"id":"1","type":"complete"}`) }

// close ends the socket with a code; 1006 is the code of having said nothing.
func (p *peer) close(code int, reason string) {
	if code != websocket.CloseAbnormalClosure {
		_ = p.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(patience))
		_, _, _ = p.conn.ReadMessage() // the echo: hanging up before it may overtake the frame
	}
	_ = p.conn.Close()
}

func sameJSON(a, b []byte) bool {
	var left, right any
	return json.Unmarshal(a, &left) == nil && json.Unmarshal(b, &right) == nil && reflect.DeepEqual(left, right)
}

// wantError finds the server's error.
func wantError(t *testing.T, err error) *Error {
	t.Helper()
	var answered *Error
	if !errors.As(err, &answered) {
		t.Fatalf("got %v, want an *Error", err)
	}
	return answered
}

func wantCount(t *testing.T, got *atomic.Int64, want int64) {
	t.Helper()
	if n := got.Load(); n != want {
		t.Errorf("%d requests came, want %d", n, want)
	}
}

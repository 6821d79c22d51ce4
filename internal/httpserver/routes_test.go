package httpserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func all() Handlers {
	return Handlers{
		GraphQL: says("graphql"), GraphiQL: says("graphiql"), Webhooks: says("webhook "), Download: says("download "), SignIn: says("sign-in"), Blobs: says("blob"),
	}
}

func TestEveryAddressIsAnsweredByItsHandlerAndMethod(t *testing.T) {
	t.Parallel()
	s := start(t, all())
	for _, c := range []struct {
		method, path string
		status       int
		want         string // of the body, or the Allow header of a 405
	}{
		{"POST", "/graphql", 200, "graphql"},
		{"GET", "/graphql", 405, "POST"},
		{"GET", "/graphql?query={viewer{id}}", 405, "POST"},
		{"PUT", "/graphql", 405, "GET, POST"},
		{"GET", "/graphiql", 200, "graphiql"},
		{"GET", "/graphiql/assets/page.js", 200, "graphiql"},
		{"POST", "/api/webhooks/assemblyai", 200, "webhook assemblyai"},
		{"GET", "/api/webhooks/assemblyai", 405, "POST"},
		{"POST", "/api/webhooks/assemblyai/more", 404, ""},
		{"GET", "/download/trn_1.srt", 200, "download trn_1.srt"},
		{"HEAD", "/download/trn_1.srt", 200, ""},
		{"POST", "/download/trn_1.srt", 405, "GET"},
		{"GET", "/api/auth/session", 200, "sign-in"},
		{"POST", "/api/auth/callback/credentials", 200, "sign-in"},
		{"PUT", "/blobs/a/b", 200, "blob"},
		{"GET", "/health", 200, `{"service":"switchboard","status":"alive"}`},
		{"GET", "/ready", 200, `{"service":"switchboard","status":"ready"}`},
		{"POST", "/health", 405, "GET"},
		{"GET", "/", 404, ""},
		{"GET", "/metrics", 404, ""},
		{"POST", "/graphql/", 404, ""},
		{"GET", "/blobs", 307, ""},
	} {
		s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got := s.do(c.method, c.path, "", nil)
		switch c.status {
		case 404:
			got.wantError(t, 404, codeNotFound)
		case 405:
			got.wantError(t, 405, codeInvalid)
			if allow := got.header.Get("Allow"); allow != c.want {
				t.Errorf("%s %s: allows %q, want %q", c.method, c.path, allow, c.want)
			}
		default:
			if got.status != c.status || !strings.HasPrefix(got.body, c.want) {
				t.Errorf("%s %s: %d %q, want %d %q", c.method, c.path, got.status, got.body, c.status, c.want)
			}
		}
	}
}

func TestWhatIsNotConfiguredIsNotThere(t *testing.T) {
	t.Parallel()
	s := start(t, Handlers{GraphQL: says("graphql")})
	for _, path := range []string{"/graphiql", "/graphiql/", "/api/webhooks/assemblyai", "/download/a", "/blobs/a"} {
		s.do(http.MethodGet, path, "", nil).wantError(t, 404, codeNotFound)
	}
}

func TestReadinessSaysNoWithoutSayingWhy(t *testing.T) {
	t.Parallel()
	h := all()
	h.Ready = func(ctx context.Context) error {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the check has no deadline")
		}
		return errors.New("dial tcp db.internal:5432: refused")
	}
	s := start(t, h)
	got := s.do(http.MethodGet, "/ready", "", nil)
	if got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "db.internal") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if line := s.log.line(t, "not ready"); !strings.Contains(fmt.Sprint(line["error"]), "db.internal") {
		t.Errorf("the log does not say why: %v", line)
	}
	if got := s.do(http.MethodGet, "/health", "", nil); got.status != http.StatusOK {
		t.Errorf("not alive: %d", got.status)
	}
}

func TestBrowsersAreToldToTakeNothingForMoreThanItIs(t *testing.T) {
	t.Parallel()
	h := all()
	h.GraphiQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'self'")
	})
	s := start(t, h)
	got := s.do(http.MethodGet, "/nowhere", "", nil).header
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Strict-Transport-Security": "max-age=31536000",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
	if own := s.do(http.MethodGet, "/graphiql", "", nil).header.Get("Content-Security-Policy"); own != "script-src 'self'" {
		t.Errorf("the page's own policy is lost: %q", own)
	}
}

func TestWebsocketTakesTheConnectionAndHasNoLimitOfARequest(t *testing.T) {
	t.Parallel()
	h := all()
	h.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, bounded := r.Context().Deadline(); bounded {
			t.Error("the socket ends with the time-out of a request")
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("hijacking: %v", err)
			return
		}
		if _, ok := conn.(interface{ CloseWrite() error }); !ok {
			t.Error("the connection has lost its methods")
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
		_ = conn.Close()
	})
	s := start(t, h)
	conn := s.dial()
	_, _ = io.WriteString(conn, "GET /graphql HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n")
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 101") || !strings.HasSuffix(string(text), "hello") {
		t.Errorf("%s %v", text, err)
	}
	if line := s.log.line(t, "request"); line["status"] != 101.0 || line["route"] != "/graphql" {
		t.Errorf("%v", line)
	}
}

// dial opens a bare connection that gives up when a test has waited in vain.
func (s *served) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// readStatus reads the first line of an answer.
func readStatus(t *testing.T, conn net.Conn) string {
	t.Helper()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	return strings.TrimSpace(line)
}

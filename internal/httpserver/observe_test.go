package httpserver

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

func TestRequestIsOneLineWithItsCostAndWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	const token = "hunter2-of-the-viewer"
	h := all()
	h.Download = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		telemetry.CountStatement(r.Context())
		telemetry.CountStatement(r.Context())
		w.WriteHeader(http.StatusGone)
		_, _ = io.WriteString(w, "0123456789")
	})
	s := start(t, h)
	s.do(http.MethodGet, "/download/"+token+"?signature="+token, "", http.Header{
		"Authorization": {"Bearer " + token}, "Cookie": {"authjs.session-token=" + token}, "X-Request-Id": {"from-proxy-1"}, "User-Agent": {token},
	})
	line := s.log.line(t, "request")
	for name, want := range map[string]any{
		"request": "from-proxy-1", "method": "GET", "route": "/download/{file}", "status": 410.0, "sql": 2.0, "bytes": 10.0, "client": "127.0.0.1", "level": "INFO",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	if ms, ok := line["ms"].(float64); !ok || ms < 0 {
		t.Errorf("ms is %v", line["ms"])
	}
	if strings.Contains(s.log.String(), token) {
		t.Errorf("a secret is in the log: %s", s.log)
	}
	if n := strings.Count(s.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines: %s", n, s.log)
	}
}

func TestRequestIDIsKeptOnlyWhenWellFormed(t *testing.T) {
	t.Parallel()
	s := start(t, all())
	for given, kept := range map[string]bool{
		"0123abcd-EF.gh_1": true, strings.Repeat("a", 64): true,
		"": false, "short": false, strings.Repeat("a", 65): false, "with space": false, "semi;colon": false, `quote"quote`: false, "umlaut-ü-long": false,
	} {
		got := s.do(http.MethodGet, "/health", "", http.Header{"X-Request-Id": {given}}).header.Get("X-Request-Id")
		if kept != (got == given) || !wellFormed.MatchString(got) {
			t.Errorf("%q is answered with %q", given, got)
		}
	}
	one, two := s.do(http.MethodGet, "/health", "", nil), s.do(http.MethodGet, "/health", "", nil)
	if one.header.Get("X-Request-Id") == two.header.Get("X-Request-Id") {
		t.Error("two requests have one id")
	}
}

func TestProbesAreNotWrittenWithTheRest(t *testing.T) {
	t.Parallel()
	s := start(t, all())
	for _, path := range []string{"/health", "/ready"} {
		s.do(http.MethodGet, path, "", nil)
		eventually(t, path+" is written", func() bool { return strings.Contains(s.log.String(), `"route":"`+path+`"`) })
	}
	if line := s.log.line(t, "request"); line["level"] != "DEBUG" {
		t.Errorf("%v", line)
	}
}

func TestRequestsAreCountedByRouteAndNeverByPath(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	counts := map[string]int{}
	h := all()
	h.Answered = func(route string, status int, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if took <= 0 {
			t.Error("took no time")
		}
		counts[fmt.Sprint(route, " ", status)]++
	}
	s := start(t, h)
	for _, path := range []string{"/download/one", "/download/two", "/made/up", "/made/down", "//twice"} {
		s.do(http.MethodGet, path, "", nil)
	}
	s.do("BREW", "/graphql", "", nil)
	eventually(t, "all are counted", func() bool {
		mu.Lock()
		defer mu.Unlock()
		n := 0
		for _, c := range counts {
			n += c
		}
		return n == 7 // the redirect of //twice is one of its own
	})
	mu.Lock()
	defer mu.Unlock()
	for name, want := range map[string]int{"/download/{file} 200": 2, "/ 404": 3, "/ 307": 1, "/graphql 405": 1} {
		if counts[name] != want {
			t.Errorf("%s: %d, want %d of %v", name, counts[name], want, counts)
		}
	}
}

func TestFilesAndFlushesAreNoticedOnTheirWayThrough(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "audio")
	if err := os.WriteFile(file, bytes.Repeat([]byte("a"), 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	h := all()
	h.Blobs = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	h.GraphiQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("flushing: %v", err)
		}
		if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Errorf("setting a deadline: %v", err)
		}
	})
	s := start(t, h)
	if got := s.do(http.MethodGet, "/blobs/a", "", nil); len(got.body) != 1<<20 {
		t.Errorf("%d bytes", len(got.body))
	}
	if line := s.log.line(t, "request"); line["bytes"] != float64(1<<20) {
		t.Errorf("%v", line)
	}
	if got := s.do(http.MethodGet, "/graphiql", "", nil); got.status != http.StatusOK {
		t.Errorf("%d", got.status)
	}
}

func TestClientIsWhoOurProxiesSay(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for _, c := range []struct {
		remote, want string
		forwarded    []string
	}{
		{"192.0.2.1:80", "192.0.2.1", nil},
		{"192.0.2.1:80", "192.0.2.1", []string{"198.51.100.7"}},             // not a proxy of ours
		{"10.0.0.1:80", "198.51.100.7", []string{"198.51.100.7"}},           // one proxy
		{"10.0.0.1:80", "198.51.100.7", []string{"198.51.100.7, 10.0.0.2"}}, // two
		{"10.0.0.1:80", "198.51.100.7", []string{"198.51.100.7", "10.0.0.2"}},
		{"10.0.0.1:80", "198.51.100.7", []string{"203.0.113.9, 198.51.100.7"}}, // the first one is the client's own invention
		{"10.0.0.1:80", "10.0.0.1", []string{"nonsense"}},
		{"10.0.0.1:80", "10.0.0.1", nil},
		{"[2001:db8::1]:80", "2001:db9::5", []string{"2001:db9::5"}},
		{"[::ffff:10.0.0.1]:80", "198.51.100.7", []string{"::ffff:198.51.100.7"}},
		{"pipe", "", []string{"198.51.100.7"}},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.forwarded
		if got := client(r, trusted); got != c.want {
			t.Errorf("%v: %s", c, got)
		}
	}
}

func TestPanicIsAnsweredWithASentenceAndLoggedWithItsStack(t *testing.T) {
	t.Parallel()
	h := all()
	h.GraphQL = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the secret reason") })
	s := start(t, h)
	got := s.do(http.MethodPost, "/graphql", "{}", nil)
	got.wantError(t, http.StatusInternalServerError, codeInternal)
	if strings.Contains(got.body, "reason") {
		t.Errorf("the client reads why: %s", got.body)
	}
	line := s.log.line(t, "a request panicked")
	if line["panic"] != "the secret reason" || !strings.Contains(fmt.Sprint(line["stack"]), "observe_test.go") || line["request"] != got.header.Get("X-Request-Id") {
		t.Errorf("%v", line)
	}
	if line := s.log.line(t, "request"); line["status"] != 500.0 {
		t.Errorf("%v", line)
	}
	if got := s.do(http.MethodGet, "/health", "", nil); got.status != http.StatusOK {
		t.Errorf("the server is gone: %d", got.status)
	}
}

func TestPanicInTheMiddleOfAnAnswerBreaksItOff(t *testing.T) {
	t.Parallel()
	h := all()
	h.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":`)
		_ = http.NewResponseController(w).Flush()
		panic("too late")
	})
	s := start(t, h)
	got, err := s.try(http.MethodPost, "/graphql", "{}", nil)
	if !errors.Is(err, io.ErrUnexpectedEOF) || got.body != `{"data":` {
		t.Errorf("%v %v", got, err)
	}
	s.log.line(t, "a request panicked")
}

package httpserver

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// patience is how long a test waits for what should come at once: a busy machine is no failure.
const patience = 20 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served is a real server on loopback, with its log.
type served struct {
	t      *testing.T
	server *Server
	url    string
	log    *journal
	client *http.Client
}

// start serves the routes as production does; change may shorten a pause before it begins.
func start(t *testing.T, h Handlers, change ...func(*Server)) *served {
	t.Helper()
	log := &journal{}
	h.Log = telemetry.Logger(log, "json", slog.LevelDebug)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, server: New(Routes(h)), url: "http://" + listener.Addr().String(), log: log}
	s.server.settle = 0
	for _, c := range change {
		c(s.server)
	}
	s.client = &http.Client{Timeout: patience, Transport: &http.Transport{}}
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(listener) }()
	t.Cleanup(func() {
		s.client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.server.Drain(ctx); err != nil {
			t.Errorf("draining: %v", err)
		}
		if err := <-ended; err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	return s
}

// answered is a whole response.
type answered struct {
	status int
	header http.Header
	body   string
}

func (s *served) do(method, path, body string, header http.Header) answered {
	s.t.Helper()
	got, err := s.try(method, path, body, header)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

func (s *served) try(method, path, body string, header http.Header) (answered, error) {
	request, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		return answered{}, err
	}
	if header != nil {
		request.Header = header
	}
	response, err := s.client.Do(request)
	if err != nil {
		return answered{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answered{response.StatusCode, response.Header, string(text)}, err
}

// wantError asks for an error in the shape of GraphQL, with a sentence.
func (a answered) wantError(t *testing.T, status int, code string) {
	t.Helper()
	var body struct {
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	err := json.Unmarshal([]byte(a.body), &body)
	if err != nil || a.status != status || len(body.Errors) != 1 || body.Errors[0].Extensions.Code != code || !strings.HasSuffix(body.Errors[0].Message, ".") {
		t.Errorf("got %d %s (%v), want %d %s", a.status, a.body, err, status, code)
	}
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %s", got)
	}
}

// says is a handler that answers with its name.
func says(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, name+r.PathValue("source")+r.PathValue("file"))
	})
}

// journal is a log that a test reads while the server writes.
type journal struct {
	mu  sync.Mutex
	all strings.Builder
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.String()
}

// line waits for the line of a message: it is written after the answer.
func (j *journal) line(t *testing.T, message string) map[string]any {
	t.Helper()
	var found map[string]any
	eventually(t, "the log says "+message, func() bool {
		for text := range strings.Lines(j.String()) {
			var line map[string]any
			if json.Unmarshal([]byte(text), &line) == nil && line["msg"] == message {
				found = line
			}
		}
		return found != nil
	})
	return found
}

// eventually polls for what has no signal of its own.
func eventually(t *testing.T, what string, holds func() bool) {
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

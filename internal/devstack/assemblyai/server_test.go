package assemblyai

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
	"go.uber.org/goleak"
)

// patience is how long a test waits for what should come at once: a busy machine is no failure.
const patience = 20 * time.Second

const testKey = "local"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a running server with the client that production uses.
type service struct {
	*Server
	*assemblyai.Client
	url   string
	audio *httptest.Server // gives a file at every path but /missing
}

func start(t *testing.T, change ...func(*Config)) *service {
	t.Helper()
	s := &service{}
	s.audio = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/missing":
			http.Error(w, "none", http.StatusForbidden)
		case "/elsewhere":
			http.Redirect(w, r, "/a.wav", http.StatusFound)
		default:
			_, _ = io.WriteString(w, "sound")
		}
	}))
	allowed, _ := url.Parse(s.audio.URL)
	config := Config{
		Dir: t.TempDir(), Key: testKey, Recognizer: Scripted{conversation}, WebhookPause: time.Millisecond,
		AllowAudio: func(u *url.URL) bool { return u.Host == allowed.Host },
	}
	for _, c := range change {
		c(&config)
	}
	s.Server = New(config)
	listener := httptest.NewServer(s.Server)
	s.url = listener.URL
	s.Client = assemblyai.New(assemblyai.Config{BaseURL: s.url, Key: testKey, HTTP: listener.Client()})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
		s.client.CloseIdleConnections()
		listener.Close()
		s.audio.Close()
	})
	return s
}

// conversation is two channels in turn.
var conversation = speech.Result{
	Channels: 2, Duration: 3200 * time.Millisecond,
	Turns: []speech.Turn{
		{Channel: 0, Words: []speech.Word{
			{Text: "Harbor", Start: 100 * time.Millisecond, End: 400 * time.Millisecond, Confidence: 0.5},
			{Text: "Dental.", Start: 450 * time.Millisecond, End: 900 * time.Millisecond, Confidence: 1},
		}},
		{Channel: 1, Words: []speech.Word{{Text: "Hello.", Start: 1500 * time.Millisecond, End: 2 * time.Second, Confidence: 0.75}}},
	},
}

func (s *service) params() assemblyai.SubmitParams {
	return assemblyai.SubmitParams{AudioURL: s.audio.URL + "/a.wav", LanguageDetection: true}
}

func (s *service) submit(t *testing.T, p assemblyai.SubmitParams) string {
	t.Helper()
	taken, err := s.Submit(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return taken.ID
}

// wait polls as a client without a webhook does.
func (s *service) wait(t *testing.T, id string) assemblyai.Transcript {
	t.Helper()
	var got assemblyai.Transcript
	eventually(t, "the transcript is done", func() bool {
		var err error
		if got, err = s.Get(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return got.Status == assemblyai.StatusCompleted || got.Status == assemblyai.StatusError
	})
	return got
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// send is for what our own client would never ask.
func (s *service) send(t *testing.T, method, path, key, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", key)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// settled waits until nothing more will happen to a job by itself, its webhooks included.
func (s *service) settled(t *testing.T, id string) {
	t.Helper()
	eventually(t, "the job is over", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.jobs[id].over
	})
}

// gate is a recognizer that waits for the test.
type gate struct {
	entered chan struct{}
	open    chan struct{}
}

func newGate() gate { return gate{make(chan struct{}, 10), make(chan struct{})} }

func (g gate) Recognize(ctx context.Context, _ string) (speech.Result, error) {
	g.entered <- struct{}{}
	select {
	case <-g.open:
		return conversation, nil
	case <-ctx.Done():
		return speech.Result{}, ctx.Err()
	}
}

func object(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

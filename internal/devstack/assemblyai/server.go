// Package assemblyai answers like AssemblyAI's API for recorded audio, over a recognizer of our own, so
// that development and tests need no key and no account. What it cannot honour it refuses by name; it
// never makes a result up. It keeps its jobs in memory, and on request it misbehaves as networks do.
package assemblyai

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/vendor"

	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
)

// Recognizer turns the audio in a file into words.
type Recognizer interface {
	Recognize(ctx context.Context, file string) (speech.Result, error)
}

// Config says what the server works with.
type Config struct {
	Dir        string // scratch for audio, of this server alone: its folders are emptied at the start
	Key        string // the only one that is let in; empty lets nobody in
	Recognizer Recognizer
	AllowAudio func(u *url.URL) bool // which audio_url may be fetched; nil: only what was uploaded here
	BaseURL    string                // where clients reach us; empty: as each request says
	Model      string                // what speech_model_used says; empty: DefaultModel
	Workers    int                   // jobs at the same time; 0: defaultWorkers
	// WebhookPause is between two tries of a webhook; 0: defaultPause.
	WebhookPause time.Duration
	// FaultsEnabled opens PUT /faults.
	FaultsEnabled bool
}

// DefaultModel is the one that internal/devstack/speech runs.
const DefaultModel = "local-moonshine-tiny"

const (
	// defaultWorkers fills the two cores of a small machine.
	defaultWorkers = 2
	// defaultPause is the vendor's own.
	defaultPause = 10 * time.Second
	// bodyTimeout is for a gigabyte at 10 Mbit/s; a client that takes longer has stalled.
	bodyTimeout = 15 * time.Minute
	// maxBody is many times a submission with every option.
	maxBody = 1 << 20
)

// Server is the service as an http.Handler.
type Server struct {
	config Config
	mux    *http.ServeMux
	client *http.Client // for audio and webhooks; each request brings its own deadline
	queue  chan *job
	cancel context.CancelFunc
	done   chan struct{} // closed when no more is taken
	group  sync.WaitGroup

	mu      sync.Mutex // guards all below, and the jobs
	closed  bool
	jobs    map[string]*job
	order   []*job // oldest first
	uploads []upload
	faults  Faults
	stats   Stats
}

// New starts the workers. Close ends them.
func New(config Config) *Server {
	if config.Model == "" {
		config.Model = DefaultModel
	}
	if config.Workers == 0 {
		config.Workers = defaultWorkers
	}
	if config.WebhookPause == 0 {
		config.WebhookPause = defaultPause
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{config: config, cancel: cancel, jobs: map[string]*job{}, queue: make(chan *job, maxLive), done: make(chan struct{})}
	// A redirect could lead to where AllowAudio would not.
	s.client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, dir := range []string{s.uploadDir(), s.audioDir()} {
		if err := os.RemoveAll(dir); err != nil {
			slog.Warn("emptying the speech service's scratch folder failed", "error", err)
		}
	}
	s.mux = s.routes()
	for range config.Workers {
		s.group.Go(func() { s.work(ctx) })
	}
	return s
}

func (s *Server) uploadDir() string { return filepath.Join(s.config.Dir, "uploads") }
func (s *Server) audioDir() string  { return filepath.Join(s.config.Dir, "audio") }

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/upload", s.route("upload", maxAudio, s.upload))
	mux.HandleFunc("POST /v2/transcript", s.route("submit", maxBody, s.submit))
	mux.HandleFunc("GET /v2/transcript", s.route("list", maxBody, s.list))
	mux.HandleFunc("GET /v2/transcript/{id}", s.route("get", maxBody, s.get))
	mux.HandleFunc("DELETE /v2/transcript/{id}", s.route("delete", maxBody, s.delete))
	if s.config.FaultsEnabled {
		mux.HandleFunc("PUT /faults", s.route("faults", maxBody, s.putFaults))
	}
	mux.HandleFunc("/", s.route("", maxBody, func(*http.Request) (any, error) { return nil, errNoRoute }))
	return mux
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// route lets the key in, misbehaves if it shall, and writes what answer gives.
func (s *Server) route(call string, limit int64, answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // a recorder has none
		if s.config.Key == "" || subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(s.config.Key)) != 1 {
			refuse(w, errKey)
			return
		}
		if s.misbehave(call, w, r) {
			return
		}
		body, err := answer(r)
		if err != nil {
			refuse(w, err)
			return
		}
		if call == "submit" && s.loses() {
			vendor.Reset(w)
			return
		}
		write(w, http.StatusOK, body)
	}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only when the client has left
}

func (s *Server) base(r *http.Request) string {
	if s.config.BaseURL != "" {
		return s.config.BaseURL
	}
	return "http://" + r.Host
}

// Close takes nothing more and waits for what was taken, webhooks too. What is not done when ctx ends is
// dropped.
func (s *Server) Close(ctx context.Context) error {
	defer s.cancel()
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
		close(s.queue)
	}
	s.mu.Unlock()
	return vendor.Drain(ctx, &s.group, s.cancel)
}

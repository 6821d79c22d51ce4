// Package signalwire answers like SignalWire's compatibility API for calls and recordings: it rings, follows
// the document that it is given, talks, records, and tells of it in signed callbacks, so that development and
// tests need no account and nobody's telephone. What it cannot do it refuses by name. Each recording is the
// bundled call, however short the talk was. It keeps its calls in memory, and on request it misbehaves.
package signalwire

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/vendor"

	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
)

// Config says what the server works with.
type Config struct {
	ProjectID, Token string // the only ones that are let in; empty lets nobody in
	SigningKey       string // signs what it sends
	BaseURL          string // where clients reach us; empty: as each request says
	Audio            []byte // what is heard in every recording, a WAV file; nil: samples.Call
	Pace             Pace
	Numbers          map[string]Number // that the project owns, by their digits with a plus
	// FaultsEnabled opens PUT /_dev/faults.
	FaultsEnabled bool
}

// Number is what the project has set for one of its telephone numbers.
type Number struct {
	AnswerURL string // asked for a document when somebody calls
	StatusURL string // told when such a call has ended
}

// Pace is how long a call takes; the zero value is for tests: no time at all.
type Pace struct {
	Dial   time.Duration // from the request to the first ring
	Ring   time.Duration
	Say    time.Duration // each announcement
	Talk   time.Duration // until whoever was called hangs up; it also bounds each pause
	Record time.Duration // from the end of a call to the recording
	Retry  time.Duration // before a callback that was not taken is sent again
}

// Natural is a pace that people can follow on a screen and still wait for.
func Natural() Pace {
	return Pace{Dial: 500 * time.Millisecond, Ring: 2 * time.Second, Say: time.Second, Talk: 6 * time.Second, Record: time.Second, Retry: time.Second}
}

const (
	// bodyTimeout is for a form; a client that takes longer has stalled.
	bodyTimeout = 30 * time.Second
	// maxBody is many times a request with every option.
	maxBody = 64 << 10
	// apiVersion is a part of every path and answer.
	apiVersion = "2010-04-01"
)

// Server is the service as an http.Handler.
type Server struct {
	config Config
	mux    *http.ServeMux
	client *http.Client // for documents and callbacks; each request brings its own deadline
	life   context.Context
	cancel context.CancelFunc
	done   chan struct{} // closed when no more is taken
	group  sync.WaitGroup

	mu         sync.Mutex // guards all below, and the calls
	closed     bool
	calls      map[string]*call
	order      []*call // oldest first
	recordings map[string]*recording
	numbers    map[string]Number
	faults     Faults
	changed    chan struct{} // closed when the faults are set anew
	stats      Stats
}

// New makes the server. Close ends its calls.
func New(config Config) *Server {
	if config.Audio == nil {
		config.Audio = samples.Call()
	}
	s := &Server{
		config: config, done: make(chan struct{}), calls: map[string]*call{}, recordings: map[string]*recording{},
		numbers: map[string]Number{}, changed: make(chan struct{}), stats: Stats{ByTo: map[string]int{}},
		client: &http.Client{Transport: transport()},
	}
	s.life, s.cancel = context.WithCancel(context.Background())
	for number, set := range config.Numbers {
		s.numbers[number] = set
	}
	s.mux = s.routes()
	return s
}

// SetNumber gives the project a number, or sets it anew.
func (s *Server) SetNumber(number string, set Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers[number] = set
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	const root = "/api/laml/" + apiVersion + "/Accounts/{account}"
	for _, end := range []string{"", ".json"} {
		mux.HandleFunc("POST "+root+"/Calls"+end, s.route("place", s.place))
		mux.HandleFunc("GET "+root+"/Calls"+end, s.route("list", s.list))
		mux.HandleFunc("GET "+root+"/IncomingPhoneNumbers"+end, s.route("numbers", s.listNumbers))
		mux.HandleFunc("GET "+root+"/Recordings"+end, s.route("recordings", s.listRecordings))
	}
	mux.HandleFunc("GET "+root+"/Calls/{sid}", s.route("get", s.get))
	mux.HandleFunc("POST "+root+"/Calls/{sid}", s.route("hangup", s.update))
	mux.HandleFunc("GET "+root+"/Calls/{sid}/Recordings", s.route("recordings", s.listRecordings))
	mux.HandleFunc("GET "+root+"/Calls/{sid}/Recordings.json", s.route("recordings", s.listRecordings))
	mux.HandleFunc("GET "+root+"/Recordings/{sid}", s.getRecording)
	mux.HandleFunc("DELETE "+root+"/Recordings/{sid}", s.route("delete", s.deleteRecording))
	mux.HandleFunc("POST /_dev/inbound", s.route("inbound", s.inbound))
	if s.config.FaultsEnabled {
		mux.HandleFunc("PUT /_dev/faults", s.route("faults", s.putFaults))
	}
	mux.HandleFunc("/", s.route("", func(*http.Request) (any, error) { return nil, errNoRoute }))
	return mux
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// route lets the project in, misbehaves if it shall, and writes what answer gives.
func (s *Server) route(name string, answer func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.enter(name, w, r) {
			return
		}
		body, err := answer(r)
		switch {
		case err != nil:
			refuse(w, err)
		case name == "place" && s.spent(func(f *Faults) *int { return &f.HangAnswer }):
			s.hang(Faults{}, w, r)
		case name == "place" && s.spent(func(f *Faults) *int { return &f.LoseAnswer }):
			vendor.Reset(w)
		case name == "delete":
			w.WriteHeader(http.StatusNoContent)
		case name == "place" || name == "inbound":
			write(w, http.StatusCreated, body)
		default:
			write(w, http.StatusOK, body)
		}
	}
}

// enter says whether a request is to be answered.
func (s *Server) enter(name string, w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout)) // a recorder has none
	project, token, _ := r.BasicAuth()
	if s.config.Token == "" || !same(project, s.config.ProjectID) || !same(token, s.config.Token) {
		refuse(w, errKey)
		return false
	}
	if account := r.PathValue("account"); account != "" && account != s.config.ProjectID {
		refuse(w, errMissing)
		return false
	}
	return !s.misbehave(name, w, r)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // fails only when the client has left
}

// root is the path below which the project's things stand.
func (s *Server) root() string { return "/api/laml/" + apiVersion + "/Accounts/" + s.config.ProjectID }

// Close takes nothing more, hangs up every call and waits until their callbacks are sent. What is not sent
// when ctx ends is dropped.
func (s *Server) Close(ctx context.Context) error {
	defer s.cancel()
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	for _, c := range s.order {
		c.hangUp()
	}
	s.mu.Unlock()
	return vendor.Drain(ctx, &s.group, s.cancel)
}

package signalwire

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/vendor"
)

// Faults are the ways in which a provider and the network before it misbehave, until they are set anew.
type Faults struct {
	On         string        `json:"on"` // what Hang, Refuse429, Fail5xx and Garbage strike: place, get, list, hangup, recordings, recording, audio or delete; empty: all
	Hang       bool          `json:"hang"`
	Refuse429  int           `json:"refuse_429"`  // so many requests are refused
	RetryAfter time.Duration `json:"-"`           // what they are told
	Fail5xx    int           `json:"fail_5xx"`    // so many requests fail, and nothing was done
	Garbage    int           `json:"garbage"`     // so many are answered with 200 and no JSON, and nothing was done
	HangAnswer int           `json:"hang_answer"` // so many calls are placed, and the answer never comes
	LoseAnswer int           `json:"lose_answer"` // so many calls are placed, and the connection breaks before the answer

	Outcome    string `json:"outcome"`     // how calls end instead of being answered: busy, no-answer, failed or canceled
	LegOutcome string `json:"leg_outcome"` // the same for calls that a document's Dial makes
	Hold       string `json:"hold"`        // calls stay at this status until the faults are set anew

	Stale int `json:"stale"` // so many reads of one call show it as it was one status before

	Absent     bool `json:"absent"`      // recordings turn out empty
	NotReady   int  `json:"not_ready"`   // so many requests for audio come before it is there
	BreakAudio int  `json:"break_audio"` // so many times the connection breaks in the middle of the audio

	Callbacks CallbackFaults `json:"callbacks"`
}

// CallbackFaults are what happens to the callbacks.
type CallbackFaults struct {
	Only     string        `json:"only"` // which are struck: recording, or a call's status; empty: all
	Lost     bool          `json:"lost"`
	Doubled  bool          `json:"doubled"`
	Reversed bool          `json:"reversed"` // the last one of a call comes first
	Late     time.Duration `json:"-"`
}

// SetFaults replaces all faults; the zero value ends them.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Server) currentFaults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

// putFaults is SetFaults over HTTP; durations are milliseconds.
func (s *Server) putFaults(r *http.Request) (any, error) {
	var in struct {
		Faults
		RetryAfterMs    int64 `json:"retry_after_ms"`
		CallbacksLateMs int64 `json:"callbacks_late_ms"`
	}
	reader := json.NewDecoder(r.Body)
	reader.DisallowUnknownFields() // a misspelled fault would let a test pass
	if err := reader.Decode(&in); err != nil {
		return nil, badRequest("", "These are no faults: %s", err)
	}
	f := in.Faults
	f.RetryAfter, f.Callbacks.Late = time.Duration(in.RetryAfterMs)*time.Millisecond, time.Duration(in.CallbacksLateMs)*time.Millisecond
	s.SetFaults(f)
	return struct{}{}, nil
}

// misbehave answers instead of us, if it is set to.
func (s *Server) misbehave(name string, w http.ResponseWriter, r *http.Request) bool {
	if name == "faults" {
		return false
	}
	strike, f := s.strike(name)
	if strike == nil {
		return false
	}
	_, _ = io.Copy(io.Discard, r.Body) // unread, it would hide from us that the client has left
	strike(s, f, w, r)
	return true
}

type strike func(*Server, Faults, http.ResponseWriter, *http.Request)

// strike counts down and gives the fault that this request meets; nil: none.
func (s *Server) strike(name string) (strike, Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	switch {
	case f.On != "" && f.On != name:
		return nil, *f
	case f.Hang:
		return (*Server).hang, *f
	case vendor.Spend(&f.Refuse429):
		return tooMany, *f
	case vendor.Spend(&f.Fail5xx):
		return broken, *f
	case vendor.Spend(&f.Garbage):
		return garbage, *f
	}
	return nil, *f
}

func (s *Server) hang(_ Faults, w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.done:
	}
	vendor.Reset(w)
}

func tooMany(_ *Server, f Faults, w http.ResponseWriter, _ *http.Request) {
	refuse(w, &refusal{status: http.StatusTooManyRequests, code: "20429", sentence: "Too many requests.", after: f.RetryAfter})
}

func broken(_ *Server, _ Faults, w http.ResponseWriter, _ *http.Request) {
	refuse(w, &refusal{status: http.StatusInternalServerError, sentence: "Server error, please try again."})
}

func garbage(_ *Server, _ Faults, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html><body>Please log in to this network.</body></html>")
}

// spent counts one fault down and says whether there was one left.
func (s *Server) spent(of func(*Faults) *int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return vendor.Spend(of(&s.faults))
}

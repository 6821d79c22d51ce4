package assemblyai

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/vendor"
)

// Faults are the ways in which a provider and the network before it misbehave, until they are set anew.
type Faults struct {
	On         string        `json:"on"` // the call that Hang, Refuse429, Fail5xx and Garbage strike: submit, get, list, delete or upload; empty: all
	Hang       bool          `json:"hang"`
	Refuse429  int           `json:"refuse_429"` // so many calls are refused
	RetryAfter time.Duration `json:"-"`          // what they are told
	Fail5xx    int           `json:"fail_5xx"`   // so many calls fail, and nothing was done
	Garbage    int           `json:"garbage"`    // so many calls are answered with 200 and no JSON, and nothing was done

	LoseAnswer      int           `json:"lose_answer"`      // so many submissions are taken, and the connection breaks before the answer
	Delay           time.Duration `json:"-"`                // before a job is done
	ErrorTranscript string        `json:"error_transcript"` // how each job ends, unless empty

	Webhook WebhookFaults `json:"webhook"`
}

// WebhookFaults are what happens to the webhooks.
type WebhookFaults struct {
	Lost    bool          `json:"lost"`
	Doubled bool          `json:"doubled"`
	Early   bool          `json:"early"` // before the answer to the submission
	Late    time.Duration `json:"-"`
}

// SetFaults replaces all faults; the zero value ends them.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
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
		RetryAfterMs  int64 `json:"retry_after_ms"`
		DelayMs       int64 `json:"delay_ms"`
		WebhookLateMs int64 `json:"webhook_late_ms"`
	}
	reader := json.NewDecoder(r.Body)
	reader.DisallowUnknownFields() // a misspelled fault would let a test pass
	if err := reader.Decode(&in); err != nil {
		return nil, badRequest("These are no faults: %s", err)
	}
	f := in.Faults
	f.RetryAfter, f.Delay = time.Duration(in.RetryAfterMs)*time.Millisecond, time.Duration(in.DelayMs)*time.Millisecond
	f.Webhook.Late = time.Duration(in.WebhookLateMs) * time.Millisecond
	s.SetFaults(f)
	return struct{}{}, nil
}

// misbehave answers instead of us, if it is set to.
func (s *Server) misbehave(call string, w http.ResponseWriter, r *http.Request) bool {
	if call == "faults" {
		return false
	}
	strike, f := s.strike(call)
	if strike == nil {
		return false
	}
	_, _ = io.Copy(io.Discard, r.Body) // unread, it would hide from us that the client has left
	strike(s, f, w, r)
	return true
}

type strike func(*Server, Faults, http.ResponseWriter, *http.Request)

// strike counts down and gives the fault that this call meets; nil: none.
func (s *Server) strike(call string) (strike, Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	switch {
	case f.On != "" && f.On != call:
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
	refuse(w, &refusal{status: http.StatusTooManyRequests, sentence: "Too many requests.", after: f.RetryAfter})
}

func broken(_ *Server, _ Faults, w http.ResponseWriter, _ *http.Request) {
	refuse(w, &refusal{status: http.StatusInternalServerError, sentence: "Server error, please try again."})
}

func garbage(_ *Server, _ Faults, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html><body>Please log in to this network.</body></html>")
}

// loses says whether the answer to this submission gets lost.
func (s *Server) loses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return vendor.Spend(&s.faults.LoseAnswer)
}

package stripe

import (
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/vendor"
)

// Faults are the ways in which the vendor and the network before it misbehave, until they are set anew.
type Faults struct {
	On         string        `json:"on"`          // the call that is struck, as in checkout.create; empty: all
	Refuse429  int           `json:"refuse_429"`  // so many calls are refused
	RetryAfter time.Duration `json:"-"`           // what they are told
	Fail500    int           `json:"fail_500"`    // so many calls fail, and nothing was done
	Conflict   int           `json:"conflict"`    // so many calls are told that their key is in use just now
	Garbage    int           `json:"garbage"`     // so many calls are answered with a page instead of JSON, and nothing was done
	SpoilAfter int           `json:"spoil_after"` // so many writes take effect and are answered 500, which the vendor keeps for their key
	LoseAnswer int           `json:"lose_answer"` // so many calls take effect, and the connection breaks before the answer

	Webhook WebhookFaults `json:"webhook"`
}

// WebhookFaults are what happens to the webhooks.
type WebhookFaults struct {
	Lost      bool          `json:"lost"` // kept for Resend only
	Doubled   bool          `json:"doubled"`
	Reordered bool          `json:"reordered"` // what comes together comes backwards
	Late      time.Duration `json:"-"`
}

// Stats count what was asked and sent since the start.
type Stats struct {
	Customers     int // made
	Sessions      int // checkouts made
	Subscriptions int // begun
	Writes        int // with an idempotency key
	Replayed      int // writes answered as their key was before
	WebhooksSent  int // tries
}

// Stats are the counts now.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// SetFaults replaces all faults; the zero value ends them.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// strike counts down and gives the fault that this call meets; nil: none.
func (s *Server) strike(call string) func(http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := &s.faults
	if f.On != "" && f.On != call {
		return nil
	}
	says := func(r *refusal) func(http.ResponseWriter) {
		told := refuse(r)
		told.after = f.RetryAfter
		return func(w http.ResponseWriter) { write(w, told) }
	}
	switch {
	case vendor.Spend(&f.Refuse429):
		return says(errBusy)
	case vendor.Spend(&f.Fail500):
		return says(errBroken)
	case vendor.Spend(&f.Conflict):
		return says(errInUse)
	case vendor.Spend(&f.Garbage):
		return garbage
	}
	return nil
}

func garbage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("<html><body>Please log in to this network.</body></html>")) // the client may have left
}

// spoils says whether a write that took effect is answered 500. The lock is held.
func (s *Server) spoils(call string) bool {
	return (s.faults.On == "" || s.faults.On == call) && vendor.Spend(&s.faults.SpoilAfter)
}

// loses says whether the answer to a call that took effect gets lost.
func (s *Server) loses(call string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (s.faults.On == "" || s.faults.On == call) && vendor.Spend(&s.faults.LoseAnswer)
}

package stripe

import (
	"encoding/json"
	"net/http"
	"time"
)

// order is what POST /control/… is told, as JSON; each action reads what it needs.
type order struct {
	Days     int    `json:"days"`
	Customer string `json:"customer"`
	Session  string `json:"session"`
	Invoice  string `json:"invoice"`
	Declines bool   `json:"declines"`
	Came     bool   `json:"came"`
	Faults
	RetryAfterMs  int64 `json:"retry_after_ms"`
	WebhookLateMs int64 `json:"webhook_late_ms"`
}

// control moves the world by HTTP: time, banks and faults. It asks for the key like the API.
func (s *Server) control(mux *http.ServeMux) {
	for path, do := range map[string]func(order) error{
		"advance": func(o order) error {
			s.Advance(time.Duration(o.Days) * day * time.Second)
			return nil
		},
		"bank":    func(o order) error { return s.Bank(o.Customer, o.Declines, false) },
		"arrive":  func(o order) error { return s.Arrive(o.Session, o.Came) },
		"dispute": func(o order) error { return s.Dispute(o.Invoice) },
		"refund":  func(o order) error { return s.Refund(o.Invoice) },
		"faults": func(o order) error {
			f := o.Faults
			f.RetryAfter, f.Webhook.Late = time.Duration(o.RetryAfterMs)*time.Millisecond, time.Duration(o.WebhookLateMs)*time.Millisecond
			s.SetFaults(f)
			return nil
		},
	} {
		mux.HandleFunc("POST /control/"+path, s.ordered(do))
	}
}

func (s *Server) ordered(do func(order) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Stripe-Version", APIVersion) // who orders is no client of the API
		if err := s.admit(r); err != nil {
			write(w, refuse(err))
			return
		}
		var o order
		reader := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		reader.DisallowUnknownFields() // a misspelled order would seem to be done
		if err := reader.Decode(&o); err != nil {
			write(w, refuse(bad("", "This is no order: %s", err)))
			return
		}
		if err := do(o); err != nil {
			write(w, refuse(bad("", "%s", err)))
			return
		}
		write(w, answer{status: http.StatusOK, body: []byte(`{}`)})
	}
}

package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"
)

// world is what outlives a restart: who uses us keeps our ids, and would find nobody. Idempotency keys,
// portals and events are forgotten.
type world struct {
	Offset        time.Duration
	Customers     []*customer
	Sessions      []*session
	Subscriptions []*subscription
	Invoices      []*invoice
	Methods       []*method
	Charges       []*charge
	Disputes      []*dispute
}

// Load reads what an earlier run left in the file that Config.Keep names; none is no error.
func (s *Server) Load() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, err := os.ReadFile(s.config.Keep)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading what the local payment service left: %w", err)
	}
	var w world
	if err := json.Unmarshal(raw, &w); err != nil {
		return fmt.Errorf("reading %s (remove it and start again): %w", s.config.Keep, err)
	}
	s.offset = w.Offset
	s.customers, s.sessions, s.subscriptions, s.invoices = w.Customers, w.Sessions, w.Subscriptions, w.Invoices
	s.methods, s.charges, s.disputes = w.Methods, w.Charges, w.Disputes
	for _, k := range s.sessions { // the pages are where this run is
		k.Base = s.config.BaseURL
	}
	for _, b := range s.subscriptions {
		b.Base = s.config.BaseURL
	}
	for _, i := range s.invoices {
		i.Base = s.config.BaseURL
	}
	return nil
}

// leave ends what holds the lock, and keeps what it changed.
func (s *Server) leave() {
	defer s.mu.Unlock()
	if !s.dirty || s.config.Keep == "" {
		return
	}
	s.dirty = false
	if err := s.keep(); err != nil {
		slog.Warn("the local payment service cannot keep its data", "error", err)
	}
}

// keep writes by a rename: whoever dies in the middle must not leave half of it.
func (s *Server) keep() error {
	raw, err := json.Marshal(world{
		Offset: s.offset, Customers: s.customers, Sessions: s.sessions, Subscriptions: s.subscriptions, Invoices: s.invoices,
		Methods: s.methods, Charges: s.charges, Disputes: s.disputes,
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.config.Keep+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(s.config.Keep+".new", s.config.Keep)
}

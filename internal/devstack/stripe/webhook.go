package stripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// webhookTimeout is less than the vendor's: nobody at a desk waits longer.
	webhookTimeout = 10 * time.Second
	// webhookTries outlast a restart of whoever listens; the vendor tries for three days.
	webhookTries = 100
	// batch is how long reordered webhooks are gathered: what one action causes comes within it.
	batch = 200 * time.Millisecond
)

// Endpoint is where webhooks go, and what signs them: two secrets while they are changed.
type Endpoint struct {
	URL     string
	Secrets []string
	Events  []string // what its page says; nil: all. All are sent anyway
}

func (e Endpoint) object() object {
	return shaped("webhook_endpoint", object{"id": "we_local", "url": e.URL, "enabled_events": e.Events, "api_version": APIVersion})
}

func (s *Server) listEndpoints(c *call) (any, error) {
	var all []Endpoint
	if e := s.endpoint; e.URL != "" {
		if e.Events == nil {
			e.Events = []string{"*"}
		}
		all = append(all, e)
	}
	return page(c, "/v1/webhook_endpoints", all)
}

// Notify sends webhooks there from now on. Without one, they are kept only.
func (s *Server) Notify(to Endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endpoint = to
}

// enqueue sends an event as the faults want it.
func (s *Server) enqueue(e *event) {
	if s.faults.Webhook.Lost || s.endpoint.URL == "" {
		return
	}
	s.push(e)
	if s.faults.Webhook.Doubled {
		s.push(e)
	}
}

func (s *Server) push(e *event) {
	if len(s.queue) >= maxObjects {
		return // as if it were lost
	}
	s.queue = append(s.queue, e)
	select {
	case s.wake <- struct{}{}:
	default: // it is awake
	}
}

// send delivers one after the other, until Close.
func (s *Server) send(ctx context.Context) {
	for {
		select {
		case <-s.wake:
		case <-s.done:
			return
		}
		s.mu.Lock()
		faults := s.faults.Webhook
		s.mu.Unlock()
		if faults.Reordered && !s.pause(batch) || faults.Late > 0 && !s.pause(faults.Late) {
			return
		}
		for _, e := range s.take() {
			if !s.deliver(ctx, e) {
				return
			}
		}
	}
}

func (s *Server) take() []*event {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.queue
	s.queue = nil
	if s.faults.Webhook.Reordered { // as it is set now: what is sent again after it ended keeps its order
		slices.Reverse(taken)
	}
	return taken
}

// deliver tries until the receiver has it. It says false when the server closes.
func (s *Server) deliver(ctx context.Context, e *event) bool {
	for try := 1; ; try++ {
		status, err := s.post(ctx, e)
		s.mu.Lock()
		s.stats.WebhooksSent++
		s.mu.Unlock()
		if status >= 200 && status <= 299 {
			return true
		}
		if try == webhookTries {
			slog.Warn("a webhook of the local payment service was not taken", "event", e.id, "status", status, "error", err)
			return true
		}
		if !s.pause(s.config.WebhookPause) {
			return false
		}
	}
}

// pause says whether it lasted to its end.
func (s *Server) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.done:
		return false
	}
}

// post sends one webhook, signed now; the status is 0 where nobody answered in time.
func (s *Server) post(ctx context.Context, e *event) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	s.mu.Lock()
	to := s.endpoint
	s.mu.Unlock()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.URL, bytes.NewReader(e.body))
	if err != nil {
		return 0, fmt.Errorf("making a webhook: %w", err)
	}
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("User-Agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
	request.Header.Set("Stripe-Signature", Sign(e.body, time.Now(), to.Secrets...))
	response, err := s.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("sending a webhook: %w", err)
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxBody) // read, the connection serves again
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// Sign makes the header of a webhook.
func Sign(body []byte, at time.Time, secrets ...string) string {
	header := []string{fmt.Sprintf("t=%d", at.Unix())}
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body) // a hash takes everything
		header = append(header, "v1="+hex.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(header, ",")
}

package assemblyai

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"
)

// The vendor's own: how long a webhook may take to be answered, and how often it is tried.
const (
	webhookTimeout = 10 * time.Second
	webhookTries   = 10
)

// notify tells of a job that is done, and is the last that happens to it.
func (s *Server) notify(ctx context.Context, j *job) {
	defer s.finish(j)
	faults := s.currentFaults().Webhook
	if j.ask.WebhookURL == "" || faults.Lost || !pause(ctx, faults.Late) {
		return
	}
	s.deliver(ctx, j)
	if faults.Doubled {
		s.deliver(ctx, j)
	}
}

func (s *Server) finish(j *job) {
	j.knock()
	s.mu.Lock()
	defer s.mu.Unlock()
	j.over = true
}

// deliver tries until the receiver has it, or says with a 4xx that it never will.
func (s *Server) deliver(ctx context.Context, j *job) {
	for try := 1; ; try++ {
		status, err := s.post(ctx, j)
		s.noteWebhook(j, status)
		j.knock()
		if status >= 200 && status <= 299 || status >= 400 && status <= 499 {
			return
		}
		if try == webhookTries || ctx.Err() != nil {
			slog.Warn("a webhook of the local speech service was not taken", "transcript", j.id, "status", status, "error", err)
			return
		}
		if !pause(ctx, s.config.WebhookPause) {
			return
		}
	}
}

func (s *Server) noteWebhook(j *job, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.WebhooksSent++
	j.webhookStatus = status
}

// post sends one webhook; the status is 0 where nobody answered in time.
func (s *Server) post(ctx context.Context, j *job) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	s.mu.Lock()
	status := j.status
	s.mu.Unlock()
	body, err := json.Marshal(map[string]string{"transcript_id": j.id, "status": status})
	if err != nil {
		return 0, fmt.Errorf("encoding a webhook: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, j.ask.WebhookURL, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("making a webhook: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if j.ask.WebhookAuthName != "" {
		request.Header.Set(j.ask.WebhookAuthName, j.ask.WebhookAuthValue)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("sending a webhook: %w", err)
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxBody) // read, the connection serves again
	_ = response.Body.Close()
	return response.StatusCode, nil
}

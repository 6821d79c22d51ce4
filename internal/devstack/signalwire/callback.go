package signalwire

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the vendor's choice
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The vendor's own: how long a callback may take to be connected and answered, and how often it is tried.
const (
	connectTimeout  = 2 * time.Second
	callbackTimeout = 5 * time.Second
	callbackTries   = 3
)

func transport() *http.Transport {
	return &http.Transport{DialContext: (&net.Dialer{Timeout: connectTimeout}).DialContext}
}

// callback is one that is to be sent.
type callback struct {
	kind string // recording, or a call's status
	url  string
	form url.Values
}

// about is what every request tells of a call.
func (s *Server) about(c *call) url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	form := url.Values{
		"CallSid": {c.sid}, "AccountSid": {s.config.ProjectID}, "ApiVersion": {apiVersion}, "CallStatus": {c.status},
		"Direction": {c.direction}, "From": {c.from}, "To": {c.to},
	}
	if c.parent != "" {
		form.Set("ParentCallSid", c.parent)
	}
	return form
}

// tellStatus sends the status of a call to who asked for it. Each status has its number, sent or not.
func (s *Server) tellStatus(c *call) {
	form := s.about(c)
	s.mu.Lock()
	sequence := c.sequence
	c.sequence++
	duration := c.duration()
	s.mu.Unlock()
	status := form.Get("CallStatus")
	if !c.tells.wants(event(status)) {
		return
	}
	form.Set("SequenceNumber", strconv.Itoa(sequence))
	form.Set("Timestamp", time.Now().UTC().Format(time.RFC1123Z))
	form.Set("CallbackSource", "call-progress-events")
	if status == completed {
		form.Set("CallDuration", strconv.Itoa(duration))
	}
	s.tell(c, &callback{kind: status, url: c.tells.url, form: form})
}

// tell puts a callback behind the ones before it, as far as the faults let it come that far.
func (s *Server) tell(c *call, b *callback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	faults := s.faults.Callbacks
	struck := faults.Only == "" || faults.Only == b.kind
	switch {
	case struck && faults.Lost:
	case struck && faults.Reversed:
		c.held = append(c.held, b)
	default:
		s.enqueue(c, b, faults, struck)
	}
}

// release sends what was held back, the last one first.
func (s *Server) release(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Reverse(c.held)
	for _, b := range c.held {
		s.enqueue(c, b, s.faults.Callbacks, true)
	}
	c.held = nil
}

// enqueue sends a callback after the call's last one. The caller holds the mutex.
func (s *Server) enqueue(c *call, b *callback, faults CallbackFaults, struck bool) {
	before, sent := c.last, make(chan struct{})
	c.last = sent
	s.group.Go(func() {
		defer close(sent)
		if before != nil {
			<-before
		}
		if struck && !s.lasts(faults.Late) {
			return
		}
		s.deliver(b)
		if struck && faults.Doubled {
			s.deliver(b)
		}
	})
}

// lasts lets time go by and says whether it did to its end.
func (s *Server) lasts(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.life.Done():
		return false
	}
}

// deliver tries until the receiver has it, as often as the vendor does.
func (s *Server) deliver(b *callback) {
	for try := 1; ; try++ {
		status, err := s.send(b)
		if status >= 200 && status <= 299 {
			return
		}
		if try == callbackTries || !s.lasts(s.config.Pace.Retry) {
			slog.Warn("a callback of the local telephone service was not taken", "kind", b.kind, "status", status, "error", err)
			return
		}
	}
}

func (s *Server) send(b *callback) (int, error) {
	ctx, cancel := context.WithTimeout(s.life, callbackTimeout)
	defer cancel()
	s.count(func(stats *Stats) { stats.CallbacksSent++ })
	response, err := s.post(ctx, b.url, b.form)
	if err != nil {
		return 0, fmt.Errorf("sending a callback: %w", err)
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxDocument) // read, the connection serves again
	_ = response.Body.Close()
	return response.StatusCode, nil
}

// post sends a signed form.
func (s *Server) post(ctx context.Context, to string, form url.Values) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-SignalWire-Signature", sign(s.config.SigningKey, to, form))
	return s.client.Do(request)
}

// sign signs the address and the sorted parameters. It is written apart from the code that checks it, so
// that a mistake in one of them shows.
func sign(key, to string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(key))
	_, _ = io.WriteString(mac, to)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			_, _ = io.WriteString(mac, name+value)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Server) count(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}

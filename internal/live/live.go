// Package live wakes whoever waits on a topic, in this process and in the others. It carries no data: a
// woken reader reads the truth from its table. Losing a wake-up therefore loses nothing, and a slow
// reader has at most one of them pending.
package live

import (
	"context"
	"encoding/base64"
	"log/slog"
	"strings"
	"sync"

	"github.com/google/uuid"
)

const (
	// perNotify keeps a payload of 22-character ids well under Postgres's limit of 8,000 bytes.
	perNotify = 200
	// maxPending bounds the memory of a publisher whose database is away; above it topics are left to the sweep.
	maxPending = 20_000
)

// Hub knows who waits on what.
type Hub struct {
	origin string // marks our own notifications, whose waiters were woken already

	mu      sync.Mutex
	waiters map[uuid.UUID]map[*Waiter]struct{}
	pending map[uuid.UUID]struct{}
	work    chan struct{}
}

// New makes a hub with nobody waiting.
func New() *Hub {
	return &Hub{
		origin:  encode(uuid.New()),
		waiters: map[uuid.UUID]map[*Waiter]struct{}{},
		pending: map[uuid.UUID]struct{}{},
		work:    make(chan struct{}, 1),
	}
}

// Waiter is woken when its topic changed, or may have.
type Waiter struct {
	C     <-chan struct{}
	c     chan struct{}
	hub   *Hub
	topic uuid.UUID

	call           func()
	calling, again bool // guarded by the hub
}

// Wait registers for a topic. Register first and read afterwards: what changes in between is not missed.
func (h *Hub) Wait(topic uuid.UUID) *Waiter {
	c := make(chan struct{}, 1)
	return h.add(&Waiter{C: c, c: c, hub: h, topic: topic})
}

// Call registers a function instead, for those who are many and seldom woken: they need no goroutine to wait
// in. It runs at most once at a time, and once more when its topic changed meanwhile.
func (h *Hub) Call(topic uuid.UUID, f func()) *Waiter {
	return h.add(&Waiter{call: f, hub: h, topic: topic})
}

func (h *Hub) add(w *Waiter) *Waiter {
	topic := w.topic
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.waiters[topic] == nil {
		h.waiters[topic] = map[*Waiter]struct{}{}
	}
	h.waiters[topic][w] = struct{}{}
	return w
}

// Close ends the registration. It may be called twice.
func (w *Waiter) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.hub.waiters[w.topic], w)
	if len(w.hub.waiters[w.topic]) == 0 {
		delete(w.hub.waiters, w.topic)
	}
}

// Wake wakes this process's waiters.
func (h *Hub) Wake(topics ...uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, topic := range topics {
		h.wake(topic)
	}
}

// WakeAll wakes everybody: something may have been missed.
func (h *Hub) WakeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for topic := range h.waiters {
		h.wake(topic)
	}
}

func (h *Hub) wake(topic uuid.UUID) {
	for w := range h.waiters[topic] {
		if w.call != nil {
			w.again = true
			if !w.calling {
				w.calling = true
				go w.run()
			}
			continue
		}
		select {
		case w.c <- struct{}{}:
		default: // one is pending: that read will see this change too
		}
	}
}

// run calls until nothing changed while it did.
func (w *Waiter) run() {
	for w.due() {
		w.call()
	}
}

func (w *Waiter) due() bool {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	w.calling, w.again = w.again, false
	return w.calling
}

// Topics lists what somebody waits on, for the sweep.
func (h *Hub) Topics() []uuid.UUID {
	h.mu.Lock()
	defer h.mu.Unlock()
	topics := make([]uuid.UUID, 0, len(h.waiters))
	for topic := range h.waiters {
		topics = append(topics, topic)
	}
	return topics
}

// Publish wakes this process's waiters at once and leaves the other processes to the publisher. It is
// called after a commit and never blocks.
func (h *Hub) Publish(_ context.Context, topics []uuid.UUID) {
	h.mu.Lock()
	for _, topic := range topics {
		h.wake(topic)
		if len(h.pending) < maxPending {
			h.pending[topic] = struct{}{}
		}
	}
	h.mu.Unlock()
	select {
	case h.work <- struct{}{}:
	default:
	}
}

// Run is the one publisher of this process: NOTIFY takes a lock that all committing writers share, so it
// is sent by itself, many topics at a time, never inside a transaction that does other work.
func (h *Hub) Run(ctx context.Context, notify func(ctx context.Context, payload string) error) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.work:
		}
		for _, payload := range h.payloads() {
			if err := notify(ctx, payload); err != nil && ctx.Err() == nil {
				slog.Warn("notifying other processes failed; their sweep finds it", "error", err)
			}
		}
	}
}

func (h *Hub) payloads() (all []string) {
	h.mu.Lock()
	topics := h.pending
	h.pending = map[uuid.UUID]struct{}{}
	h.mu.Unlock()
	words := []string{h.origin}
	for topic := range topics {
		if words = append(words, encode(topic)); len(words) > perNotify {
			all, words = append(all, strings.Join(words, " ")), []string{h.origin}
		}
	}
	if len(words) > 1 {
		all = append(all, strings.Join(words, " "))
	}
	return all
}

// Heard takes a notification of another process. What cannot be read is passed over.
func (h *Hub) Heard(payload string) {
	origin, rest, _ := strings.Cut(payload, " ")
	if origin == h.origin {
		return
	}
	for word := range strings.FieldsSeq(rest) {
		if raw, err := base64.RawURLEncoding.DecodeString(word); err == nil && len(raw) == 16 {
			h.Wake(uuid.UUID(raw))
		}
	}
}

func encode(id uuid.UUID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

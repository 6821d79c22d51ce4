package websocket

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Stats are plain counts for a metrics page.
type Stats struct {
	Sockets    int    // open now
	Operations int    // running now
	Opened     uint64 // sockets since start
	Refused    uint64 // upgrades and sockets turned away since start, by origin, limit or shutdown
	Cut        uint64 // sockets cut since start because a write failed or was not taken in time
}

// Stats counts at this moment.
func (t *Transport) Stats() Stats {
	t.mu.Lock()
	open := len(t.sockets)
	t.mu.Unlock()
	return Stats{
		Sockets: open, Operations: int(t.operations.Load()),
		Opened: t.opened.Load(), Refused: t.refused.Load(), Cut: t.cut.Load(),
	}
}

// admit takes the socket in and starts it, or says with which code to refuse it.
func (t *Transport) admit(s *socket) *refusal {
	if s.conn.Subprotocol() != subprotocol {
		return &refusal{closeSubprotocol, "Subprotocol not acceptable"}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		return &refusal{closeRestart, "Service restart"}
	}
	if len(t.sockets) >= t.config.MaxSockets {
		return &refusal{closeTryLater, "Too many sockets"}
	}
	t.sockets[s] = struct{}{}
	t.opened.Add(1)
	t.running.Go(s.live) // under the lock: Shutdown must not start to wait between these two lines
	return nil
}

// claim counts the socket for its user, who may be above the limit. A socket that has left by now has no
// claim, as nothing would give it back.
func (t *Transport) claim(s *socket, session Session) bool {
	user, most := session.User, cmp.Or(session.MaxSockets, t.config.MaxSocketsPerUser)
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, open := t.sockets[s]; !open {
		return false
	}
	if user == "" {
		return true
	}
	if t.users[user] >= most {
		return false
	}
	t.users[user]++
	s.user = user
	return true
}

func (t *Transport) leave(s *socket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sockets, s)
	if s.user == "" {
		return
	}
	if t.users[s.user]--; t.users[s.user] == 0 {
		delete(t.users, s.user)
	}
}

func (t *Transport) draining() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.idle != nil
}

// drain refuses sockets from now on and says whether it is the first to do so.
func (t *Transport) drain() (first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		return false
	}
	t.idle = make(chan struct{})
	go func() {
		t.running.Wait()
		close(t.idle)
	}()
	return true
}

func (t *Transport) open() []*socket {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]*socket, 0, len(t.sockets))
	for s := range t.sockets {
		all = append(all, s)
	}
	return all
}

// Shutdown refuses new sockets, closes the open ones with 1012 over ShutdownWindow (or half the time
// that ctx leaves, if that is less) and waits until their last goroutine is gone. When ctx ends, or when
// it is called again, what is open is cut at once. http.Server.Shutdown knows nothing of these sockets;
// call this one first, while the producers of subscriptions still run: a stream that ends says complete,
// and a client that reads complete does not come back.
func (t *Transport) Shutdown(ctx context.Context) error {
	if t.drain() {
		t.restart(ctx)
	} else {
		t.cutAll()
	}
	select {
	case <-t.idle:
		return nil
	case <-ctx.Done():
		t.cutAll()
		return fmt.Errorf("waiting for websockets to close: %w", ctx.Err())
	}
}

// restart asks one socket after the other to close. Map order is random, so neighbours do not come back
// together; the pauses are random too, so that several servers do not beat in time.
func (t *Transport) restart(ctx context.Context) {
	sockets := t.open()
	window := t.config.ShutdownWindow
	if deadline, ok := ctx.Deadline(); ok {
		window = min(window, max(0, time.Until(deadline)/2))
	}
	for _, s := range sockets {
		t.dismiss(s)
		select {
		case <-time.After(rand.N(2*window/time.Duration(len(sockets)) + 1)):
		case <-t.idle:
			return
		case <-ctx.Done():
			return
		}
	}
}

// dismiss closes a socket apart, as one that does not read takes its time. Only one that is still there: its
// reader keeps the count of goroutines above zero, without which Shutdown would not wait for this one.
func (t *Transport) dismiss(s *socket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, open := t.sockets[s]; open {
		s.spawn(func() { s.close(closeRestart, "Service restart") })
	}
}

func (t *Transport) cutAll() {
	for _, s := range t.open() {
		s.cut()
	}
}

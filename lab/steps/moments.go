// Package steps kills the program at each step of a walk, one after the other, and looks whether the end is the
// same. It needs no hook inside the program: it stands between it and Postgres, and before its providers, and
// counts what passes. A moment is a commit that is about to reach Postgres, a commit that the program has not
// heard of yet, a request that is about to reach a provider, or an answer that has not come back.
package steps

import (
	"slices"
	"sync"
	"time"
)

// How moments begin. Each commit and each request has two.
const (
	BeforeCommit  = "before the commit of "
	afterCommit   = "after the commit of " // and before the program has heard of it
	BeforeRequest = "before the request "
	beforeAnswer  = "before the answer to "
)

// Death says at which moment the program is killed; the zero value: at none.
type Death struct {
	At int    // at so many moments, counted from 1
	Of string // at the first moment of this name
}

// Moments counts what passes between the program and the world, and kills the program at one of them.
type Moments struct {
	mu     sync.Mutex
	armed  bool
	at     Death
	kill   func()
	seen   []string      // since arm
	lives  int           // of the program; what belongs to an earlier one is dropped
	dead   bool          // and no other one lives yet
	died   chan struct{} // closed by then
	diedOf string
	diedAt time.Time
}

func newMoments() *Moments { return &Moments{died: make(chan struct{})} }

// arm begins to count. At the moment it kills, and nothing of that life passes any more.
func (m *Moments) arm(at Death, kill func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at, m.kill, m.armed = at, kill, true
}

// disarm ends the counting: whoever lives now goes on to live.
func (m *Moments) disarm() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.armed = false
}

// revive lets the requests of the next life pass.
func (m *Moments) revive() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = false
}

// life is the one that a connection that opens now belongs to.
func (m *Moments) life() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lives
}

// goesOn says whether what belongs to a life may still pass.
func (m *Moments) goesOn(life int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return life == m.lives
}

// answers says whether somebody is there to ask a provider something.
func (m *Moments) answers() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.dead
}

// pass counts one moment of a life and says whether it goes on behind it. The program is dead when it does not.
func (m *Moments) pass(life int, what string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if life != m.lives || m.dead {
		return false
	}
	if !m.armed {
		return true
	}
	m.seen = append(m.seen, what)
	if len(m.seen) != m.at.At && what != m.at.Of {
		return true
	}
	m.kill() // under the lock: all else that would pass waits, and finds that nothing passes
	m.lives++
	m.dead, m.armed, m.diedOf, m.diedAt = true, false, what, time.Now()
	close(m.died)
	return false
}

// list is what was counted, and at which moment it died; empty: it did not.
func (m *Moments) list() (seen []string, diedOf string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.seen), m.diedOf, m.diedAt
}

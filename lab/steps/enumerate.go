package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// enough walks that were over before their step say that there are no more steps: their number differs a little
// from walk to walk, as callbacks meet or do not.
const enough = 3

// Enumeration is many walks, so many of them at once.
type Enumeration struct {
	config Config
	walk   Walk
	beside int
	each   func(Played)

	mu     sync.Mutex
	played []Played
	failed error
}

// Enumerate plays a walk with a death at its first step, with one at its second, and so on until walks need no more
// steps than that. What happens at once is not in the same order twice: the moments of a whole walk at which nobody
// happened to die then are met by their name. Each walk is told as it ends, one at a time.
func Enumerate(ctx context.Context, c Config, w Walk, whole Played, beside int, each func(Played)) ([]Played, error) {
	e := &Enumeration{config: c, walk: w, beside: beside, each: each}
	beyond := 0
	e.all(ctx, func(n int) (Death, bool) { return Death{At: n + 1}, beyond < enough }, func(p Played) {
		if p.DiedOf == "" {
			beyond++
		}
	})
	missed := e.missed(whole)
	e.all(ctx, func(n int) (Death, bool) {
		if n >= len(missed) {
			return Death{}, false
		}
		return Death{Of: missed[n]}, true
	}, func(Played) {})
	return e.played, e.failed
}

// all plays one death after the other. Both functions are called one at a time.
func (e *Enumeration) all(ctx context.Context, death func(n int) (Death, bool), ended func(Played)) {
	var all sync.WaitGroup
	next := 0
	take := func() (Death, bool) {
		e.mu.Lock()
		defer e.mu.Unlock()
		next++
		d, more := death(next - 1)
		return d, more && ctx.Err() == nil
	}
	for range e.beside {
		all.Go(func() {
			for d, more := take(); more; d, more = take() {
				p, err := Play(ctx, e.config, e.walk, d)
				e.note(p, err)
				if err == nil {
					e.locked(func() { ended(p) })
				}
			}
		})
	}
	all.Wait()
}

func (e *Enumeration) locked(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	do()
}

func (e *Enumeration) note(p Played, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.played = append(e.played, p)
	e.each(p)
	if err != nil {
		e.failed = errors.Join(e.failed, fmt.Errorf("%+v: %w", p.Death, err))
	}
}

// missed are the moments of a whole walk at which nobody has died yet.
func (e *Enumeration) missed(whole Played) (names []string) {
	for _, name := range whole.Seen {
		if !slices.Contains(names, name) && !slices.ContainsFunc(e.played, func(p Played) bool { return p.DiedOf == name }) {
			names = append(names, name)
		}
	}
	return names
}

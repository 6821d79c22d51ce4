package lab

import (
	"context"
	"time"
)

const (
	// MaxStorm is the promise for every subscriber after any single fault.
	MaxStorm = 30 * time.Second
	// MaxStatements a returning socket, and no more the more there are: who it is, once for the socket and
	// once for the operation; may it see this; what came after its cursor, page by page; may it still.
	MaxStatements = 12
)

// Storm is how sockets came back.
type Storm struct {
	Took       time.Duration // until each had seen what it had missed
	Statements float64       // each
	Again      int64         // how often one was told to come later
	Twice      int           // how many saw what they had missed more often than once
}

// Storm kills the server under its sockets, lets something happen to each call while nobody looks, and has
// all of them come back at once, which no client that waits a random time does.
func (l *Lab) Storm(ctx context.Context, calls []Call) (s Storm, err error) {
	g, err := Gather(ctx, l.Server, calls, nil)
	if err != nil {
		return s, err
	}
	defer g.Leave()
	if err := g.First(ctx); err != nil {
		return s, err
	}
	l.Server.Kill()
	g.Leave()
	if err := l.Happen(ctx, calls); err != nil {
		return s, err
	}
	if l.Server, err = l.Launch(ctx); err != nil {
		return s, err
	}
	statements, err := l.Server.Metric("switchboard_sql_statements_total")
	if err != nil {
		return s, err
	}
	began := time.Now()
	back, err := Gather(ctx, l.Server, calls, g.Cursors)
	if err != nil {
		return s, err
	}
	defer back.Leave()
	seen := make([]int, len(calls))
	if err := back.replays(ctx, seen); err != nil {
		return s, err
	}
	s.Took, s.Again = time.Since(began), back.Again.Load()
	now, err := l.Server.Metric("switchboard_sql_statements_total")
	s.Statements = (now - statements) / float64(len(calls))
	back.late(seen)
	for _, n := range seen {
		if n != 1 {
			s.Twice++
		}
	}
	return s, err
}

// replays waits until each socket has heard of what it missed, and counts how often.
func (g *Gathering) replays(ctx context.Context, seen []int) error {
	waiting := len(g.Calls)
	return g.Collect(ctx, Patience, func(f Frame) bool {
		if f.Event != nil {
			if seen[f.Who]++; seen[f.Who] == 1 {
				waiting--
			}
		}
		return waiting == 0
	})
}

// late counts what comes within a second more.
func (g *Gathering) late(seen []int) {
	end := time.After(time.Second)
	for {
		select {
		case f := <-g.Frames:
			if f.Event != nil {
				seen[f.Who]++
			}
		case <-end:
			return
		}
	}
}

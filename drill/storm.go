package main

import (
	"context"
	"time"
)

const (
	// maxStorm is the promise for every subscriber after any single fault.
	maxStorm = 30 * time.Second
	// maxStatements a returning socket, and no more the more there are: who it is, once for the socket and
	// once for the operation; may it see this; what came after its cursor, page by page; may it still.
	maxStatements = 12
)

// storm kills the server under its sockets, lets something happen to each call while nobody looks, and has
// all of them come back at once, which no client that waits a random time does.
func storm(ctx context.Context, l *lab) error {
	calls, err := l.seed(ctx, sockets)
	if err != nil {
		return err
	}
	g, err := gather(ctx, l.server, calls, nil)
	if err != nil {
		return err
	}
	defer g.leave()
	if err := g.first(ctx); err != nil {
		return err
	}
	l.server.kill()
	g.leave()
	if err := l.happen(ctx, calls); err != nil {
		return err
	}
	l.saw("killed under %d sockets; something happened to each call meanwhile", sockets)
	if l.server, err = l.launch(ctx); err != nil {
		return err
	}
	statements, err := l.server.metric("switchboard_sql_statements_total")
	if err != nil {
		return err
	}
	began := time.Now()
	back, err := gather(ctx, l.server, calls, g.cursors)
	if err != nil {
		return err
	}
	defer back.leave()
	seen := make([]int, sockets)
	if err := back.replays(ctx, seen); err != nil {
		return err
	}
	took := time.Since(began)
	l.promise(took < maxStorm, "all %d were back and had seen what they had missed within %s (less than %s); %d times one was told to come later",
		sockets, took.Round(10*time.Millisecond), maxStorm, back.again.Load())
	now, err := l.server.metric("switchboard_sql_statements_total")
	if err != nil {
		return err
	}
	each := (now - statements) / sockets
	l.promise(each <= maxStatements, "statements: %.2f a returning socket (at most %d), %.0f in all", each, maxStatements, now-statements)
	twice := 0
	for _, n := range seen {
		if n != 1 {
			twice++
		}
	}
	l.promise(twice == 0, "each missed event came once: %d sockets saw it more often", twice)
	return nil
}

// replays waits until each socket has heard of what it missed, and counts how often.
func (g *gathering) replays(ctx context.Context, seen []int) error {
	waiting := len(g.calls)
	err := g.collect(ctx, patience, func(f frame) bool {
		if f.event != nil {
			if seen[f.who]++; seen[f.who] == 1 {
				waiting--
			}
		}
		return waiting == 0
	})
	if err != nil {
		return err
	}
	for { // what has come twice by now is counted too
		select {
		case f := <-g.frames:
			if f.event != nil {
				seen[f.who]++
			}
		case <-time.After(time.Second):
			return nil
		}
	}
}

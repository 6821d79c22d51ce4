package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/lab/steps"
)

const (
	// beside is how many walks are played at once: most of their time is waiting for what the dead have left.
	beside = 16
	// minHit is the part of a walk's different moments at which somebody must have died. What depends on when
	// callbacks meet is not in every walk.
	minHit = 0.9
	// healsBeside is the promise after a kill, and as much again: while so many programs start at once, the start of
	// the next one is no small part of it.
	healsBeside = 2 * heals
)

// stepsOf kills the program at each step of a walk.
func stepsOf(w steps.Walk) func(context.Context, *stage) error {
	return func(ctx context.Context, l *stage) error {
		if err := l.Server.Stop(); err != nil {
			return fmt.Errorf("stopping the server of the lab: %w", err)
		}
		copies, err := l.migrated(ctx)
		if err != nil {
			return err
		}
		c := steps.Config{Database: copies}
		whole, err := steps.Play(ctx, c, w, steps.Death{})
		if err != nil {
			return err
		}
		commits, requests := counted(whole.Seen)
		l.promise(len(whole.Wrong) == 0, "a whole walk has %d commits and %d requests to providers, each with a moment before and one after it %s",
			commits, requests, strings.Join(whole.Wrong, "; "))
		all, err := steps.Enumerate(ctx, c, w, whole, beside, l.bad)
		if err != nil {
			return err
		}
		l.survived(whole, all)
		return nil
	}
}

// counted is how many commits and requests a list of moments is about.
func counted(seen []string) (commits, requests int) {
	for _, moment := range seen {
		switch {
		case strings.HasPrefix(moment, steps.BeforeCommit):
			commits++
		case strings.HasPrefix(moment, steps.BeforeRequest):
			requests++
		}
	}
	return commits, requests
}

// bad shows a walk that did not end as it should.
func (l *stage) bad(p steps.Played) {
	if len(p.Wrong) > 0 {
		l.promise(false, "killed at step %d, %s: %s\n%s", len(p.Seen), p.DiedOf, strings.Join(p.Wrong, "; "), p.Output)
	}
}

// survived says what was seen of all walks.
func (l *stage) survived(whole steps.Played, all []steps.Played) {
	var killed int
	var slowest, longest steps.Played
	left := map[string]int{}
	kinds, hit := map[string]bool{}, map[string]bool{}
	for _, moment := range whole.Seen {
		kinds[moment] = true
	}
	for _, p := range all {
		if p.DiedOf == "" {
			continue
		}
		killed++
		if kinds[p.DiedOf] {
			hit[p.DiedOf] = true
		}
		if p.Left != "" {
			left[p.Left]++
			p.Rested = 0
		}
		if p.Healed > slowest.Healed {
			slowest = p
		}
		if p.Rested > longest.Rested {
			longest = p
		}
	}
	l.saw("%d times the program was killed, once at each step", killed)
	l.promise(float64(len(hit)) >= minHit*float64(len(kinds)), "somebody died at %d of the walk's %d different moments (at least %d%%)", len(hit), len(kinds), int(100*minHit))
	l.promise(slowest.Healed < healsBeside, "the person had what they came for %s after the kill at the latest (less than %s): %s", slowest.Healed.Round(100*time.Millisecond), healsBeside, slowest.DiedOf)
	l.saw("nothing was left to do %s after the kill at the latest: %s", longest.Rested.Round(100*time.Millisecond), longest.DiedOf)
	if len(left) > 0 {
		l.saw("but for jobs of the dead that were not done again by then, so often: %v", left)
	}
}

// migrated gives a maker of databases that are migrated already: a copy takes a tenth of the time.
func (l *stage) migrated(ctx context.Context) (func(context.Context) (string, func() error, error), error) {
	address, drop, err := makeDatabase(ctx, l.Dir)
	if err != nil {
		return nil, err
	}
	l.AtEnd(drop)
	if _, err := postgres.Migrate(ctx, address, schema.Files); err != nil {
		return nil, err
	}
	named, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("reading the database's address: %w", err)
	}
	return func(ctx context.Context) (string, func() error, error) {
		return copyDatabase(ctx, strings.TrimPrefix(named.Path, "/"))
	}, nil
}

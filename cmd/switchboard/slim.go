package main

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

const (
	// garbage is how much of it there may be before it is collected, in percent of what lives. With little alive
	// Go's own 100 has a collection every few milliseconds under load, for which 15% of the time went.
	garbage = 300
	// slimEvery bounds what giving memory back costs: a collection takes some 50 ms of one core.
	slimEvery = 5 * time.Second
	// wave is how many new sockets make it worth that.
	wave = 200
	// slimRounds is how often the stacks are halved: from the 8 KB that opening takes to the 2 KB of waiting.
	slimRounds = 3
)

// roomForGarbage trades memory for time, unless the operator says how.
func roomForGarbage() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}

// slim gives memory back after a wave of sockets. Opening one grows the stacks of its goroutines, and
// only a collection shrinks them; an idle process would not have one for minutes, and would look as if
// each socket cost twice of what it does.
func slim(ctx context.Context, opened func() uint64) {
	ticks := time.NewTicker(slimEvery)
	defer ticks.Stop()
	last, rounds := opened(), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		if now := opened(); now-last >= wave {
			last, rounds = now, slimRounds
		}
		if rounds > 0 {
			rounds--
			debug.FreeOSMemory()
		}
	}
}

package main

import (
	"context"
	"os"
	"runtime/debug"
	"time"
)

const (
	// slimEvery bounds what giving memory back costs: a collection takes some 50 ms of one core.
	slimEvery = 5 * time.Second
	// wave is how many new sockets make it worth that.
	wave = 200
	// slimRounds is how often the stacks are halved: from the 8 KB that opening takes to the 2 KB of waiting.
	slimRounds = 3
	// roomy is how much garbage there may be before it is collected, in percent of what lives. With little alive
	// Go's own 100 has a collection every few milliseconds under load, for which 15% of the time went.
	roomy = 300
	// tight is for when sockets are opened: what lives for long is laid between the garbage, and stays where it
	// is when that goes.
	tight = 100
	// lookEvery and arrivals say when that is: a crowd of hundreds comes within seconds.
	lookEvery, arrivals = 250 * time.Millisecond, 5
)

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

// makeRoom trades memory for time but where sockets are opened, unless the operator says how.
func makeRoom(ctx context.Context, opened func() uint64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	looks := time.NewTicker(lookEvery)
	defer looks.Stop()
	last, percent := opened(), 0
	for {
		now, want := opened(), roomy
		if now-last >= arrivals {
			want = tight
		}
		if last = now; want != percent {
			percent = want
			debug.SetGCPercent(percent)
		}
		select {
		case <-ctx.Done():
			return
		case <-looks.C:
		}
	}
}

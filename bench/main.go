// Command bench measures the ordinary binary beside a hand-written server with the same answers, and
// prints one table of ratios within the run: absolute numbers depend on the machine, ratios far less. It
// fails when a bound of the project is broken. Server CPU and memory are read from /proc, so it takes Linux.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// limit ends what hangs; within the bounds a run takes less than three minutes on two cores.
const limit = 6 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, limit)
	before := load()
	t, err := run(ctx)
	cancel()
	stop()
	if err != nil {
		say("%v", err)
		os.Exit(1)
	}
	fmt.Printf("\n%d cores (load before: %s), %s, Postgres on the same machine, waiting for the disk at each commit.\n\n%s", runtime.NumCPU(), before, runtime.Version(), t)
	for _, sentence := range t.broken {
		say("%s", sentence)
	}
	if len(t.broken) > 0 {
		os.Exit(1)
	}
}

func run(ctx context.Context) (t *table, err error) {
	l, err := open(ctx)
	defer func() { err = errors.Join(err, l.close()) }()
	if err != nil {
		return nil, err
	}
	t = &table{}
	for _, measure := range []func(context.Context, *table) error{l.countStatements, l.measureCPU, l.measureIntake, l.measureStripeIntake} {
		if err := measure(ctx, t); err != nil {
			return nil, err
		}
	}
	sockets, err := l.openSockets(ctx, t)
	if sockets != nil {
		defer func() { err = errors.Join(err, sockets.end()) }()
	}
	if err != nil {
		return nil, err
	}
	return t, l.measureLatency(ctx, t)
}

// load is what others make of the machine: with none to spare, each hop between processes waits, and who
// has more of them looks worse than alone.
func load() string {
	raw, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(raw), " ")
	return first
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// Command bench measures the ordinary binary beside a hand-written server with the same answers, and
// prints one table of ratios within the run: absolute numbers depend on the machine, ratios far less. It
// fails when a bound of the project is broken. Server CPU and memory are read from /proc, so it takes Linux.
//
//	make bench                    all of it
//	go run ./bench -run crowd     the measures whose name begins so
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

// limit ends what hangs; within the bounds a run takes less than seven minutes on two cores.
const limit = 12 * time.Minute

func main() {
	only := flag.String("run", "", "take only the measures whose name begins with this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, limit)
	before := load()
	t, err := run(ctx, *only)
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

// measure fills some rows of the table.
type measure struct {
	name string
	take func(context.Context, *table) error
}

// measures are taken in this order. A crowd leaves a server behind that it has grown: whoever looks at memory
// begins with another one.
func (l *bench) measures() []measure {
	return []measure{
		{"statements", l.countStatements},
		{"cpu", l.measureCPU},
		{"documents", l.measureDocuments},
		{"webhooks", l.measureWebhooks},
		{"stripe", l.measureStripe},
		{"callbacks", l.measureCallbacks},
		{"calls", l.measureCalls},
		{"sockets", l.measureSockets},
		{"crowd", l.measureCrowd},
		{"minute", l.measureMinute},
	}
}

func run(ctx context.Context, only string) (t *table, err error) {
	if err := lab.Raise(); err != nil {
		return nil, err
	}
	l, err := open(ctx)
	if l != nil {
		defer func() { err = errors.Join(err, l.Close()) }()
	}
	if err != nil {
		return nil, err
	}
	t = &table{}
	for _, m := range l.measures() {
		if !strings.HasPrefix(m.name, only) {
			continue
		}
		if err := m.take(ctx, t); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return t, nil
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

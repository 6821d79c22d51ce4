package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// senders are as many deliveries as a busy provider has under way.
	senders = 16
	// intakeRound is some thousand events, with their checkpoints and garbage.
	intakeRound = 2 * time.Second
	// intakeRounds are fewer than elsewhere: what a round enqueues has to be worked off as well.
	intakeRounds = 3
	// holding is far more than the notification that holds a queue takes.
	holding = 200 * time.Millisecond
	// blank is where each webhook's own number goes: no two are the same event.
	blank = "0000000000"
)

// intake is one source of webhooks: the same ones for us and for the handler by hand, which checks them in the
// same way and inserts them once, and no more.
type intake struct {
	what         string  // in the table
	bound        float64 // of the ratio; 0: reported only
	ours, byHand *webhooks
}

// rates are webhooks accepted a second, one of each round.
type rates struct{ held, working, hand, ratios, workingRatios []float64 }

// measureIntake fills the rows of webhooks accepted a second: by itself, and while the jobs that it
// enqueues take their part of the same cores.
func (l *bench) measureIntake(ctx context.Context, t *table, in intake) error {
	before, err := l.events(ctx, "true")
	if err != nil {
		return err
	}
	var r rates
	for i := range intakeRounds + 1 {
		held, working, hand, err := l.intakeRound(ctx, in)
		if err != nil {
			return err
		}
		if i > 0 { // the first one warms up
			r.held, r.working, r.hand = append(r.held, held), append(r.working, working), append(r.hand, hand)
			r.ratios, r.workingRatios = append(r.ratios, held/hand), append(r.workingRatios, working/hand)
		}
	}
	say("%s: %.0f, %.0f while working, %.0f by hand: %.2f and %.2f", in.what, r.held, r.working, r.hand, r.ratios, r.workingRatios)
	ratio := median(r.ratios)
	bound := "reported"
	if in.bound > 0 {
		bound = fmt.Sprintf("at least %.1f×", in.bound)
	}
	t.add(row{
		what: in.what, ours: fmt.Sprintf("%.0f", median(r.held)), byHand: fmt.Sprintf("%.0f", median(r.hand)),
		ratio: fmt.Sprintf("%.2f×", ratio), bound: bound,
	}, ratio >= in.bound/noise)
	t.add(row{
		what: "The same while the jobs of these webhooks run on the same cores", ours: fmt.Sprintf("%.0f", median(r.working)), byHand: fmt.Sprintf("%.0f, without jobs", median(r.hand)),
		ratio: fmt.Sprintf("%.2f×", median(r.workingRatios)), bound: "reported",
	}, true)
	// What was accepted has to be there.
	after, err := l.events(ctx, "true")
	if sent := in.ours.sent(); err == nil && after-before != sent {
		return fmt.Errorf("%d webhooks were accepted and %d are kept", sent, after-before)
	}
	return err
}

func (l *bench) intakeRound(ctx context.Context, in intake) (held, working, hand float64, err error) {
	if held, err = l.held(ctx, in.ours); err != nil {
		return 0, 0, 0, err
	}
	if working, err = l.rate(ctx, l.Server, in.ours); err != nil {
		return 0, 0, 0, err
	}
	// What was enqueued is done before it is the yardstick's turn: it would slow that down.
	if err = l.drained(ctx); err != nil {
		return 0, 0, 0, err
	}
	if hand, err = l.rate(ctx, l.byHand, in.byHand); err != nil {
		return 0, 0, 0, fmt.Errorf("by hand: %w", err)
	}
	return held, working, hand, nil
}

// held is the rate while the queue holds its jobs, as an operator can tell it to.
func (l *bench) held(ctx context.Context, w *webhooks) (float64, error) {
	queue, err := river.NewClient(riverpgxv5.New(l.Pool), &river.Config{Schema: postgres.JobsSchema})
	if err != nil {
		return 0, fmt.Errorf("opening the queue: %w", err)
	}
	if err := queue.QueuePause(ctx, jobs.Webhooks, nil); err != nil {
		return 0, fmt.Errorf("holding the queue: %w", err)
	}
	if err := lab.Pause(ctx, holding); err != nil {
		return 0, err
	}
	before := w.sent()
	rate, err := l.rate(ctx, l.Server, w)
	if err != nil {
		return 0, err
	}
	waiting, err := l.events(ctx, "processed_at IS NULL")
	if err != nil {
		return 0, err
	}
	if sent := w.sent() - before; waiting != sent {
		return 0, fmt.Errorf("the queue did not hold: %d of %d webhooks wait", waiting, sent)
	}
	if err := queue.QueueResume(ctx, jobs.Webhooks, nil); err != nil {
		return 0, fmt.Errorf("letting the queue go on: %w", err)
	}
	return rate, l.drained(ctx)
}

// webhooks are those of one receiver: a request for each sender, of which only the number changes.
type webhooks struct {
	requests [][]byte
	at       int // where the number begins
	numbers  []int
	sign     func(request []byte) // after the number has changed; nil: nothing to sign
}

// every gives each sender a request of its own, whose number is the last blank.
func every(request []byte, sign func(request []byte)) *webhooks {
	w := &webhooks{at: bytes.LastIndex(request, []byte(blank)), numbers: make([]int, senders), sign: sign}
	for range senders {
		w.requests = append(w.requests, bytes.Clone(request))
	}
	return w
}

// next numbers the sender's next request. Signing takes some microseconds of the client's, where the server has
// a hundred times as much to do.
func (w *webhooks) next(sender int) []byte {
	w.numbers[sender]++
	n := strconv.Itoa(w.numbers[sender]*senders + sender)
	request := w.requests[sender]
	copy(request[w.at:w.at+len(blank)], blank)
	copy(request[w.at+len(blank)-len(n):], n)
	if w.sign != nil {
		w.sign(request)
	}
	return request
}

func (w *webhooks) sent() (n int) {
	for _, one := range w.numbers {
		n += one
	}
	return n
}

func (l *bench) rate(ctx context.Context, p *lab.Process, w *webhooks) (float64, error) {
	calls, took, err := hammer(ctx, p, senders, intakeRound, w.next)
	return float64(calls) / took.Seconds(), err
}

func (l *bench) drained(ctx context.Context) error {
	return lab.Eventually(ctx, "all webhooks to be processed", func() (bool, error) {
		var left bool
		err := l.Pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM switchboard.webhook_events WHERE processed_at IS NULL)").Scan(&left)
		return err == nil && !left, err
	})
}

// events counts what is kept.
func (l *bench) events(ctx context.Context, which string) (n int, err error) {
	if err := l.Pool.QueryRow(ctx, "SELECT count(*) FROM switchboard.webhook_events WHERE "+which).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting events: %w", err)
	}
	return n, nil
}

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

// measureIntake fills the rows of webhooks accepted a second: by itself, and while the jobs that it
// enqueues take their part of the same cores.
func (l *bench) measureIntake(ctx context.Context, t *table) error {
	ours, err := l.webhooks(l.Server, "/api/webhooks/assemblyai")
	if err != nil {
		return err
	}
	byHand, err := l.webhooks(l.byHand, "/webhook")
	if err != nil {
		return err
	}
	var held, working, hand, ratios, workingRatios []float64
	for i := range intakeRounds + 1 {
		a, err := l.held(ctx, ours)
		if err != nil {
			return fmt.Errorf("webhooks: %w", err)
		}
		b, err := l.rate(ctx, l.Server, ours)
		if err != nil {
			return fmt.Errorf("webhooks: %w", err)
		}
		// What was enqueued is done before it is the yardstick's turn: it would slow that down.
		if err := l.drained(ctx); err != nil {
			return err
		}
		c, err := l.rate(ctx, l.byHand, byHand)
		if err != nil {
			return fmt.Errorf("webhooks by hand: %w", err)
		}
		if i > 0 { // the first one warms up
			held, working, hand = append(held, a), append(working, b), append(hand, c)
			ratios, workingRatios = append(ratios, a/c), append(workingRatios, b/c)
		}
	}
	say("webhooks: %.0f, %.0f while working, %.0f by hand: %.2f and %.2f", held, working, hand, ratios, workingRatios)
	ratio := median(ratios)
	t.add(row{
		what: "Webhooks accepted a second: verified, durable, deduplicated, enqueued", ours: fmt.Sprintf("%.0f", median(held)), byHand: fmt.Sprintf("%.0f", median(hand)),
		ratio: fmt.Sprintf("%.2f×", ratio), bound: fmt.Sprintf("at least %.1f×", minIntake),
	}, ratio >= minIntake/noise)
	t.add(row{
		what: "The same while the jobs of these webhooks run on the same cores", ours: fmt.Sprintf("%.0f", median(working)), byHand: fmt.Sprintf("%.0f, without jobs", median(hand)),
		ratio: fmt.Sprintf("%.2f×", median(workingRatios)), bound: "reported",
	}, true)
	return l.kept(ctx, ours.sent())
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
	var waiting int
	if err := l.Pool.QueryRow(ctx, "SELECT count(*) FROM switchboard.webhook_events WHERE processed_at IS NULL").Scan(&waiting); err != nil {
		return 0, fmt.Errorf("counting events: %w", err)
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

func (l *bench) webhooks(p *lab.Process, path string) (*webhooks, error) {
	// Of the provider's two kinds this is the one that asks for no work: what is measured is the accepting.
	body := `{"status":"redacted_audio_ready","redacted_audio_url":"https://audio.example.com/` + blank + `"}`
	request, err := wire("POST", p.URL+path+"?submission=0190b5a4-0000-7000-8000-000000000000", body,
		"Content-Type", "application/json", "X-Webhook-Secret", l.Webhook)
	if err != nil {
		return nil, err
	}
	w := &webhooks{at: bytes.LastIndex(request, []byte(blank)), numbers: make([]int, senders)}
	for range senders {
		w.requests = append(w.requests, bytes.Clone(request))
	}
	return w, nil
}

// next numbers the sender's next request.
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

// kept makes sure that what was accepted is there.
func (l *bench) kept(ctx context.Context, want int) error {
	var got int
	if err := l.Pool.QueryRow(ctx, "SELECT count(*) FROM switchboard.webhook_events").Scan(&got); err != nil {
		return fmt.Errorf("counting events: %w", err)
	}
	if got != want {
		return fmt.Errorf("%d webhooks were accepted and %d are kept", want, got)
	}
	return nil
}

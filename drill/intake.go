package main

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

// intakeFor is long enough for checkpoints and garbage.
const intakeFor = time.Minute

func intake(ctx context.Context, l *stage) error {
	calls, err := l.Seed(ctx, lab.Organizations)
	if err != nil {
		return err
	}
	in, err := l.Intake(ctx, calls[0], intakeFor)
	if err != nil {
		return err
	}
	n := len(in.Webhooks)
	l.saw("%d webhooks in %s: %.0f a second, p50 %s", n, intakeFor, float64(n)/intakeFor.Seconds(), ms(lab.Percentile(in.Webhooks, 50)))
	p99 := lab.Percentile(in.Webhooks, 99)
	l.promise(p99 < lab.MaxKept, "webhooks: p99 %s (less than %s), longest %s", ms(p99), lab.MaxKept, ms(in.Webhooks[n-1]))
	l.saw("a query alone: p50 %s, p99 %s", ms(lab.Percentile(in.Alone, 50)), ms(lab.Percentile(in.Alone, 99)))
	slow := lab.Percentile(in.Beside, 99)
	l.promise(slow < lab.MaxBeside, "the query meanwhile: p50 %s, p99 %s (less than %s)", ms(lab.Percentile(in.Beside, 50)), ms(slow), lab.MaxBeside)
	return l.kept(ctx, n)
}

// kept makes sure that what was acknowledged is there, and that the work behind it gets done.
func (l *stage) kept(ctx context.Context, want int) error {
	var got int
	if err := l.Pool.QueryRow(ctx, "SELECT count(*) FROM switchboard.webhook_events").Scan(&got); err != nil {
		return fmt.Errorf("counting webhooks: %w", err)
	}
	l.promise(got == want, "%d were acknowledged, %d are kept", want, got)
	began := time.Now()
	err := l.Worked(ctx)
	l.promise(err == nil, "all were processed %s after the last", time.Since(began).Round(100*time.Millisecond))
	return nil
}

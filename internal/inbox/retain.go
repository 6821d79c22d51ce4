package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/jobs"
)

const (
	// failedFor is how long dead letters wait for an operator: a quarter, so that somebody looks in between.
	failedFor = 90 * 24 * time.Hour
	// strandedAfter is far more than all tries take: an event that still waits then has lost its job.
	strandedAfter = 24 * time.Hour
	// retainEvery and the two bounds below remove 33 events a second for good: more than come in.
	retainEvery = 5 * time.Minute
	// retainBatch keeps one statement's locks and its share of the log short.
	retainBatch = 500
	// retainBatches bounds one run, which has 30 s; the next run goes on.
	retainBatches = 20
)

type retainArgs struct{}

func (retainArgs) Kind() string { return "inbox.retain" }

// retain lets no event stay for ever: what lost its job becomes a dead letter, and what is finished and dead
// letters go after their time.
func (in *Inbox) retain(ctx context.Context, _ jobs.Job[retainArgs]) error {
	err := inBatches(func() (int64, error) { return in.store.FailStrandedWebhookEvents(ctx, strandedAfter, retainBatch) })
	if err != nil {
		return fmt.Errorf("setting stranded events aside: %w", err)
	}
	err = inBatches(func() (int64, error) { return in.store.RemoveFailedWebhookEvents(ctx, failedFor, retainBatch) })
	if err != nil {
		return fmt.Errorf("removing dead letters: %w", err)
	}
	if in.finishedFor == 0 {
		return nil
	}
	err = inBatches(func() (int64, error) { return in.store.RemoveFinishedWebhookEvents(ctx, in.finishedFor, retainBatch) })
	if err != nil {
		return fmt.Errorf("removing finished events: %w", err)
	}
	return nil
}

func inBatches(step func() (int64, error)) error {
	for range retainBatches {
		n, err := step()
		if err != nil || n < retainBatch {
			return err
		}
	}
	return nil
}

package recording

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const (
	// retainEvery is often enough for what is counted in days.
	retainEvery = time.Hour
	// retainBatch keeps one transaction's locks short: while it lasts, its organizations record nothing else.
	retainBatch = 100
	// retainBatches bounds one run, which has 30 s: with the batch, more than an hour records. What a shorter
	// retention leaves to do at once is done by the runs that follow.
	retainBatches = 50
	// rememberedFor is how long a provider's id is remembered that was deleted here: kept webhooks, which could be
	// replayed, go long before.
	rememberedFor = 400 * 24 * time.Hour
	// forgottenAtOnce is more than one run deletes.
	forgottenAtOnce = retainBatch * retainBatches
)

type retainArgs struct{}

func (retainArgs) Kind() string { return "recording.retain" }

// Retain deletes recordings that are older than their organization keeps them, on the walk that a member's
// deletion takes.
func (w *Worker) Retain(queue *jobs.Queue) {
	jobs.Handle(queue, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, func(ctx context.Context, _ jobs.Job[retainArgs]) error {
		return w.retain(ctx, queue)
	})
	queue.Every(retainEvery, retainArgs{})
}

func (w *Worker) retain(ctx context.Context, queue *jobs.Queue) error {
	if err := w.store.ForgetDeletedRecordings(ctx, rememberedFor, forgottenAtOnce); err != nil {
		return fmt.Errorf("forgetting what was deleted long ago: %w", err)
	}
	for range retainBatches {
		var expired int
		err := w.store.InTx(ctx, func(tx *postgres.Tx) error {
			recordings, err := tx.LockExpiredRecordings(ctx, retainBatch)
			if expired = len(recordings); err != nil || expired == 0 {
				return err
			}
			_, err = hide(ctx, tx, queue, recordings, activity.Event{Actor: activity.Switchboard(), Detail: map[string]string{"because": "retention"}})
			return err
		})
		if err != nil {
			return fmt.Errorf("deleting what is kept long enough: %w", err)
		}
		if expired < retainBatch {
			return nil
		}
	}
	return nil
}

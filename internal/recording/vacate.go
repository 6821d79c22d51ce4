package recording

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const (
	// vacateBatch bounds what one transaction enqueues.
	vacateBatch = 500
	// vacateBatches bounds one run, which has 30 s; the next one goes on.
	vacateBatches = 10
	// purgedIn is when we look again whether the deletions are done.
	purgedIn = 10 * time.Second
)

// Vacate deletes all that a closed organization has: each recording as if somebody had deleted it. It waits, by
// jobs.Later, until nothing is left in the bucket: the row of the organization knows of it. An upload that was on
// its way may arrive for some time, so that clearing it takes days. What is under legal hold stays, for nobody to see,
// until an operator lifts the hold: else deleting the organization would be the way around it.
func (w *Worker) Vacate(ctx context.Context, queue *jobs.Queue, organization uuid.UUID) error {
	for range vacateBatches {
		n, err := w.hide(ctx, queue, organization)
		if err != nil {
			return err
		}
		if n < vacateBatch {
			break
		}
	}
	if err := w.store.AbortUploadsOf(ctx, organization); err != nil {
		return fmt.Errorf("aborting the uploads of a closed organization: %w", err)
	}
	left, err := w.store.CountLeftOf(ctx, organization)
	if err != nil {
		return fmt.Errorf("counting what a closed organization has left: %w", err)
	}
	switch {
	case left.Recordings > 0:
		return jobs.Later(purgedIn)
	case left.Uploads > 0 || left.Held > 0:
		return jobs.Later(forgetEvery)
	}
	return nil
}

func (w *Worker) hide(ctx context.Context, queue *jobs.Queue, organization uuid.UUID) (hidden int, err error) {
	err = w.store.InTx(ctx, func(tx *postgres.Tx) error {
		next, err := tx.LockRecordingsOf(ctx, organization, vacateBatch)
		if err != nil {
			return fmt.Errorf("looking for the recordings of a closed organization: %w", err)
		}
		rows, err := tx.HideRecordings(ctx, next)
		if err != nil {
			return fmt.Errorf("hiding the recordings of a closed organization: %w", err)
		}
		hidden = len(rows)
		list := make([]jobs.Wanted, len(rows))
		for i, row := range rows {
			list[i] = jobs.Want(ctx, DeletedArgs{RecordingID: row.ID})
		}
		return queue.EnqueueAll(ctx, tx, list)
	})
	return hidden, err
}

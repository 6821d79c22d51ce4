package recording

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

const (
	// forgottenAfter is when an upload that has expired is cleared away: the slowest transfer that the
	// bucket lets through, 2 GB at 8 KB a second, began before and ends three days later.
	forgottenAfter = 4 * 24 * time.Hour
	// forgetEvery is often enough for what lay around for days.
	forgetEvery = time.Hour
	// forgetBatch bounds what one sweep removes and one statement locks; the next one takes the rest.
	forgetBatch = 500
	// expireBatches bounds the statements of one sweep: with the batch, more uploads than an hour begins.
	expireBatches = 20
)

type forgetArgs struct{}

func (forgetArgs) Kind() string { return "recording.forget_uploads" }

// Sweep clears uploads away that nobody completed: their bytes would else stay for good.
func (w *Worker) Sweep(queue *jobs.Queue) {
	jobs.Handle(queue, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, func(ctx context.Context, _ jobs.Job[forgetArgs]) error {
		return w.forget(ctx)
	})
	queue.Every(forgetEvery, forgetArgs{})
}

// forget ends what has expired, and clears away what ended without a recording long ago. The bytes go first:
// when it fails in between, the next sweep finds the row again.
func (w *Worker) forget(ctx context.Context) error {
	if err := w.expire(ctx); err != nil {
		return err
	}
	rows, err := w.store.ListUnclearedUploads(ctx, forgottenAfter, forgetBatch)
	if err != nil {
		return fmt.Errorf("looking for forgotten uploads: %w", err)
	}
	var failed []error // one object that cannot be removed must not keep the others
	for _, row := range rows {
		if err := w.clear(ctx, row); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (w *Worker) expire(ctx context.Context) error {
	for range expireBatches {
		n, err := w.store.ExpireUploads(ctx, forgetBatch)
		if err != nil {
			return fmt.Errorf("expiring uploads: %w", err)
		}
		if n < forgetBatch {
			break
		}
	}
	return nil
}

func (w *Worker) clear(ctx context.Context, row *db.ListUnclearedUploadsRow) error {
	if err := w.bucket.Delete(ctx, row.ObjectKey); err != nil {
		return fmt.Errorf("removing a forgotten upload's bytes: %w", err)
	}
	if err := w.store.ClearUpload(ctx, row.ID); err != nil {
		return fmt.Errorf("noting that an upload is cleared away: %w", err)
	}
	return nil
}

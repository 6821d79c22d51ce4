package recording

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/jobs"
)

const (
	// forgottenAfter is when an upload that has expired is cleared away: the slowest transfer that the
	// bucket lets through, 2 GB at 8 KB a second, began before and ends three days later.
	forgottenAfter = 4 * 24 * time.Hour
	// forgetEvery is often enough for what lay around for days.
	forgetEvery = time.Hour
	// forgetBatch bounds one sweep; the next one takes the rest.
	forgetBatch = 500
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

// forget removes the bytes first: when it fails in between, the next sweep finds the row again.
func (w *Worker) forget(ctx context.Context) error {
	rows, err := w.store.ListForgottenUploads(ctx, forgottenAfter, forgetBatch)
	if err != nil {
		return fmt.Errorf("looking for forgotten uploads: %w", err)
	}
	for _, row := range rows {
		if err := w.bucket.Delete(ctx, row.ObjectKey); err != nil {
			return fmt.Errorf("removing a forgotten upload's bytes: %w", err)
		}
		if err := w.store.ExpireUpload(ctx, row.ID); err != nil {
			return fmt.Errorf("expiring an upload: %w", err)
		}
	}
	return nil
}

package activity

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/jobs"
)

const (
	// retainEvery and the two bounds below remove 33 events a second for good: more than are written.
	retainEvery = 5 * time.Minute
	// retainBatch keeps one statement short: it locks the heads, for which writers wait.
	retainBatch = 500
	// retainBatches bounds one run, which has 30 s; the next run goes on.
	retainBatches = 20
)

type retainArgs struct{}

func (retainArgs) Kind() string { return "activity.retain" }

// Retain removes events that are older than keptFor, now and then. Their numbers are not given again, and a
// cursor that would need them is told so.
func (s *Service) Retain(queue *jobs.Queue, keptFor time.Duration) {
	jobs.Handle(queue, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, func(ctx context.Context, _ jobs.Job[retainArgs]) error {
		return s.retain(ctx, keptFor)
	})
	queue.Every(retainEvery, retainArgs{})
}

func (s *Service) retain(ctx context.Context, keptFor time.Duration) error {
	for range retainBatches {
		n, err := s.store.RemoveActivity(ctx, keptFor, retainBatch)
		if err != nil {
			return fmt.Errorf("removing old activity: %w", err)
		}
		if n < retainBatch {
			break
		}
	}
	return nil
}

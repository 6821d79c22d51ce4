package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Enqueue adds a job to the transaction: it exists when, and only when, that commits.
func (q *Queue) Enqueue(ctx context.Context, tx *postgres.Tx, args Args) error {
	return q.EnqueueIn(ctx, tx, 0, args)
}

// Wanted is a job that is still to be enqueued, and on whose behalf.
type Wanted struct {
	Args     Args
	metadata []byte
}

// Want remembers what the context says of where the job came from.
func Want(ctx context.Context, args Args) Wanted { return Wanted{Args: args, metadata: from(ctx)} }

// EnqueueAll is Enqueue for many jobs, with one statement. Kinds that run once only are not for it.
func (q *Queue) EnqueueAll(ctx context.Context, tx *postgres.Tx, list []Wanted) error {
	if len(list) == 0 {
		return nil
	}
	if err := q.clock.ask(ctx, tx); err != nil {
		return err
	}
	many := make([]river.InsertManyParams, len(list))
	for i, wanted := range list {
		options := q.options(wanted.Args)
		options.Metadata = wanted.metadata
		many[i] = river.InsertManyParams{Args: wanted.Args, InsertOpts: options}
	}
	if _, err := q.client.InsertManyFastTx(ctx, tx.Raw, many); err != nil {
		return fmt.Errorf("enqueueing %d jobs: %w", len(list), err)
	}
	return nil
}

// EnqueueIn is Enqueue for a job that waits first.
func (q *Queue) EnqueueIn(ctx context.Context, tx *postgres.Tx, wait time.Duration, args Args) error {
	if err := q.clock.ask(ctx, tx); err != nil {
		return err
	}
	options := q.options(args)
	options.Metadata = from(ctx)
	if wait > 0 {
		options.ScheduledAt = q.clock.Now().Add(wait)
	}
	if _, err := q.client.InsertTx(ctx, tx.Raw, args, options); err != nil {
		return fmt.Errorf("enqueueing %s: %w", args.Kind(), err)
	}
	return nil
}

func (q *Queue) options(args Args) *river.InsertOpts {
	kind := q.kinds[args.Kind()]
	options := &river.InsertOpts{Queue: kind.Queue, MaxAttempts: kind.Attempts}
	if kind.Once {
		options.UniqueOpts = river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}}
	}
	return options
}

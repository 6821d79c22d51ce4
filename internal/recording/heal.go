package recording

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const (
	// healEvery is often enough for what was lost for lostFor.
	healEvery = 5 * time.Minute
	// lostFor is more than all tries of a copy take with their pauses: one that still waits has lost its job.
	lostFor = time.Hour
	// unfinishedFor is longer than any call: what the provider still records then, it lost.
	unfinishedFor = 24 * time.Hour
	// healBatch bounds one round; the next one takes the rest.
	healBatch = 100
)

type healArgs struct{}

func (healArgs) Kind() string { return "recording.heal_copies" }

// unfinished is what people are told of a recording that its provider lost.
const unfinished = "The provider never finished this recording."

// heal begins copies again whose job is gone, and ends the wait for what will not come. The job of a process
// that was killed needs none of it: another process takes it over.
func (c *Copies) heal(ctx context.Context, _ jobs.Job[healArgs]) error {
	return errors.Join(c.failUnfinished(ctx), c.beginLost(ctx))
}

func (c *Copies) failUnfinished(ctx context.Context) error {
	return c.store.InTx(ctx, func(tx *postgres.Tx) error {
		message := unfinished
		failed, err := tx.FailUnfinishedRecordings(ctx, db.FailUnfinishedRecordingsParams{Message: &message, QuietFor: unfinishedFor, Most: healBatch})
		if err != nil {
			return fmt.Errorf("ending the wait for recordings: %w", err)
		}
		wanted := make([]jobs.Wanted, len(failed))
		for i, id := range failed {
			wanted[i] = jobs.Want(ctx, SettledArgs{RecordingID: id})
		}
		return c.jobs.EnqueueAll(ctx, tx, wanted)
	})
}

func (c *Copies) beginLost(ctx context.Context) error {
	rows, err := c.store.ListLostCopies(ctx, lostFor, healBatch)
	if err != nil {
		return fmt.Errorf("looking for lost copies: %w", err)
	}
	var failed []error // one that cannot be begun must not keep the others
	for _, row := range rows {
		err := c.store.InTx(ctx, func(tx *postgres.Tx) error {
			_, err := c.Want(ctx, tx, row.OrganizationID, row.ID)
			return err
		})
		if err != nil && !fault.Is(err, fault.CodeNotFound) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

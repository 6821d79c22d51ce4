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
	// healEvery finds a copy whose process was killed a good minute after it fell silent; its job alone would
	// come back only after its time-out.
	healEvery = 30 * time.Second
	// lostFor is more than all tries of a copy take with their pauses: one that still waits has lost its job.
	lostFor = time.Hour
	// unfinishedFor is longer than any call: what the provider still records then, it lost.
	unfinishedFor = 24 * time.Hour
	// healBatch is more than one process copies at once.
	healBatch = 100
)

type healArgs struct{}

func (healArgs) Kind() string { return "recording.heal_copies" }

// unfinished is what people are told of a recording that its provider lost.
const unfinished = "The provider never finished this recording."

// heal begins copies again that nobody is at any more, and ends the wait for what will not come.
func (c *Copies) heal(ctx context.Context, _ jobs.Job[healArgs]) error {
	return errors.Join(c.failUnfinished(ctx), c.beginSilent(ctx), c.beginUnbegun(ctx))
}

// beginUnbegun is for a process that was killed between taking a job and saying that it is at work.
func (c *Copies) beginUnbegun(ctx context.Context) error {
	dead, err := jobs.Running[copyArgs](ctx, c.jobs, silentFor, healBatch)
	if err != nil {
		return err
	}
	ofCalls, err := jobs.Running[callCopyArgs](ctx, c.jobs, silentFor, healBatch)
	if err != nil {
		return err
	}
	for _, args := range ofCalls {
		dead = append(dead, copyArgs(args))
	}
	var failed []error
	for _, args := range dead {
		failed = append(failed, c.store.InTx(ctx, func(tx *postgres.Tx) error {
			row, err := tx.AbandonUnbegunCopy(ctx, db.AbandonUnbegunCopyParams{ID: args.RecordingID, OrganizationID: args.OrganizationID, Attempt: args.Attempt})
			if postgres.Missing(err) { // it lives, or is not wanted any more
				return nil
			}
			if err != nil {
				return fmt.Errorf("beginning a copy again: %w", err)
			}
			return c.begin(ctx, tx, row)
		}))
	}
	return errors.Join(failed...)
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

func (c *Copies) beginSilent(ctx context.Context) error {
	rows, err := c.store.ListSilentCopies(ctx, db.ListSilentCopiesParams{SilentFor: silentFor, LostFor: lostFor, Most: healBatch})
	if err != nil {
		return fmt.Errorf("looking for copies that fell silent: %w", err)
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

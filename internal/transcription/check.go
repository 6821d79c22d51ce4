package transcription

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// sweepBatch bounds one sweep; the next one takes the rest.
const sweepBatch = 100

// sweep looks for live transcriptions of which nothing was heard for a while: a webhook that never came,
// a job that was lost.
func (w *Worker) sweep(ctx context.Context, _ jobs.Job[sweepArgs]) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		rows, err := tx.ListStuckTranscriptions(ctx, w.options.CheckAfter, sweepBatch)
		if err != nil {
			return fmt.Errorf("looking for stuck transcriptions: %w", err)
		}
		for _, row := range rows {
			if err := w.jobs.Enqueue(ctx, tx, checkArgs{TranscriptionID: row.ID, Attempt: row.Attempt}); err != nil {
				return err
			}
		}
		return nil
	})
}

// check asks the provider about one transcription. Where no webhook comes, it asks until there is an end.
func (w *Worker) check(ctx context.Context, job jobs.Job[checkArgs]) error {
	work, err := w.store.GetTranscriptionForWork(ctx, job.Args.TranscriptionID)
	if postgres.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the transcription: %w", err)
	}
	row := work.Transcription
	if row.Attempt != job.Args.Attempt || !Status(row.Status).Live() || work.DeletedAt != nil {
		return nil
	}
	if time.Since(row.QueuedAt) > oldest {
		return w.fail(ctx, row.ID, row.Attempt, Failure{Code: "TIMED_OUT", Message: "The provider did not finish within a day.", Retryable: true})
	}
	if Status(row.Status) == Queued {
		return w.store.InTx(ctx, func(tx *postgres.Tx) error { return w.again(ctx, tx, work) })
	}
	sub, err := w.store.GetSubmissionOfAttempt(ctx, row.ID, row.Attempt)
	if err != nil {
		return fmt.Errorf("reading the submission: %w", err)
	}
	if err := w.store.MarkTranscriptionChecked(ctx, row.ID); err != nil {
		return fmt.Errorf("noting the check: %w", err)
	}
	live, err := w.refresh(ctx, sub, *sub.ProviderID)
	if err == nil && live && w.options.WebhookURL == "" {
		return jobs.Later(w.options.PollEvery)
	}
	return err
}

// forget removes a transcript at the provider. One that is still being made is asked for again later.
func (w *Worker) forget(ctx context.Context, job jobs.Job[forgetArgs]) error {
	err := w.provider.Delete(ctx, job.Args.ProviderID)
	var refused *assemblyai.Error
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return nil
	}
	if err != nil {
		return w.wait(fmt.Errorf("removing the provider's copy: %w", err))
	}
	return nil
}

// RecordingDeleted cancels what is live of a deleted recording and has the provider forget all of it.
// The rows go with the recording's.
func (w *Worker) RecordingDeleted(ctx context.Context, args recording.DeletedArgs) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		subs, err := tx.ListSubmissionsOfRecording(ctx, args.RecordingID)
		if err != nil {
			return fmt.Errorf("reading the submissions: %w", err)
		}
		for _, sub := range subs {
			if sub.ProviderID != nil {
				if err := w.jobs.Enqueue(ctx, tx, forgetArgs{ProviderID: *sub.ProviderID}); err != nil {
					return err
				}
			}
		}
		rows, err := tx.ListTranscriptionsOfRecording(ctx, args.RecordingID)
		if err != nil {
			return fmt.Errorf("reading the transcriptions: %w", err)
		}
		return w.cancelLive(ctx, tx, rows)
	})
}

// cancelLive locks all of them before it cancels one: canceling takes the organization's lock, for which
// somebody who holds the next transcription may be waiting.
func (w *Worker) cancelLive(ctx context.Context, tx *postgres.Tx, rows []*db.Transcription) error {
	var live []*db.Transcription
	for _, row := range rows {
		locked, err := tx.LockTranscription(ctx, row.ID)
		if err != nil {
			return fmt.Errorf("locking the transcription: %w", err)
		}
		if Status(locked.Status).Live() {
			live = append(live, locked)
		}
	}
	for _, row := range live {
		if _, err := cancel(ctx, tx, w.jobs, row, activity.Switchboard()); err != nil {
			return err
		}
	}
	return nil
}

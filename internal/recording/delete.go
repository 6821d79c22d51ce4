package recording

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// DeletedArgs is the job that follows a deletion. The rooms above clean up first, then Purge.
type DeletedArgs struct {
	RecordingID uuid.UUID `json:"recording_id"`
}

// Kind names the job.
func (DeletedArgs) Kind() string { return "recording.deleted" }

// Delete hides a recording from everybody at once; a job takes the audio, the transcriptions and the
// copies at the providers away. It gives the id back. Errors: NotFound, Forbidden below Admin, InvalidState
// for one under legal hold.
func (s *Service) Delete(ctx context.Context, viewer access.Viewer, id ids.ID) (*ids.ID, error) {
	found, err := s.Get(ctx, viewer, id)
	if err != nil {
		return nil, err
	}
	scope, err := viewer.Scope(found.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.LockRecording(ctx, id.UUID, scope.OrganizationID)
		if err != nil {
			return postgres.NotFound(err, "recording")
		}
		if row.HeldAt != nil {
			return fault.InvalidState("This recording is under legal hold and cannot be deleted. Lift the hold first.")
		}
		_, err = hide(ctx, tx, s.jobs, []uuid.UUID{row.ID}, activity.Event{Actor: activity.Person(scope.UserID)})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &id, nil
}

// hide begins the deletion of recordings of any organizations; those under legal hold stay. It takes the
// organizations' locks, so it stands last in the transaction.
func hide(ctx context.Context, tx *postgres.Tx, queue *jobs.Queue, recordings []uuid.UUID, as activity.Event) (int, error) {
	hidden, err := tx.HideRecordings(ctx, recordings)
	if err != nil {
		return 0, fmt.Errorf("hiding recordings: %w", err)
	}
	var wanted []jobs.Wanted
	var events []activity.Event
	for _, row := range hidden {
		e := as
		e.OrganizationID, e.Type, e.Subject = row.OrganizationID, activity.RecordingDeleted, ids.Of(ids.Recording, row.ID)
		wanted, events = append(wanted, jobs.Want(ctx, DeletedArgs{RecordingID: row.ID})), append(events, e)
	}
	if err := queue.EnqueueAll(ctx, tx, wanted); err != nil {
		return 0, err
	}
	return len(hidden), activity.RecordAll(ctx, tx, events)
}

// Worker is the door for jobs.
type Worker struct {
	store     *postgres.Store
	bucket    blob.Bucket
	providers Providers
}

// NewWorker makes the worker.
func NewWorker(store *postgres.Store, bucket blob.Bucket, providers Providers) *Worker {
	return &Worker{store: store, bucket: bucket, providers: providers}
}

// Purge removes a hidden recording's audio, here and at the provider that made it, and, last, its row with
// all that hangs on it. Run twice it does nothing the second time.
func (w *Worker) Purge(ctx context.Context, args DeletedArgs) error {
	row, err := w.store.GetHiddenRecording(ctx, args.RecordingID)
	if postgres.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the hidden recording: %w", err)
	}
	if err := w.bucket.Delete(ctx, row.ObjectKey); err != nil {
		return fmt.Errorf("removing the audio: %w", err)
	}
	if err := w.atProvider(ctx, row); err != nil {
		return err
	}
	if err := w.store.RemoveRecording(ctx, row.ID); err != nil {
		return fmt.Errorf("removing the recording: %w", err)
	}
	return nil
}

// atProvider removes what the provider keeps. Where it is not configured any more nobody can, and the error
// stays for an operator to see.
func (w *Worker) atProvider(ctx context.Context, row *db.Recording) error {
	if row.ProviderID == nil {
		return nil
	}
	provider, known := w.providers[Source(row.Source)]
	if !known {
		return fmt.Errorf("removing the provider's copy: no provider of %s recordings is configured", row.Source)
	}
	if err := provider.Delete(ctx, *row.ProviderID); err != nil {
		return fmt.Errorf("removing the provider's copy: %w", err)
	}
	return nil
}

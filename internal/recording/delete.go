package recording

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// DeletedArgs is the job that follows a deletion. The rooms above clean up first, then Purge.
type DeletedArgs struct {
	RecordingID uuid.UUID `json:"recording_id"`
}

// Kind names the job.
func (DeletedArgs) Kind() string { return "recording.deleted" }

// Delete hides a recording from everybody at once; a job takes the audio, the transcriptions and the
// copies at the provider away. It gives the id back. Errors: NotFound, Forbidden below Admin.
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
		row, err := tx.HideRecording(ctx, id.UUID, scope.OrganizationID)
		if postgres.Missing(err) {
			return fault.NotFound("recording")
		}
		if err != nil {
			return fmt.Errorf("hiding the recording: %w", err)
		}
		if err := s.jobs.Enqueue(ctx, tx, DeletedArgs{RecordingID: row.ID}); err != nil {
			return err
		}
		return activity.Record(ctx, tx, activity.Event{
			OrganizationID: scope.OrganizationID, Type: activity.RecordingDeleted, Subject: id, Actor: activity.Person(scope.UserID),
		})
	})
	if err != nil {
		return nil, err
	}
	return &id, nil
}

// Worker is the door for jobs.
type Worker struct {
	store  *postgres.Store
	bucket blob.Bucket
}

// NewWorker makes the worker.
func NewWorker(store *postgres.Store, bucket blob.Bucket) *Worker {
	return &Worker{store: store, bucket: bucket}
}

// Purge removes a hidden recording's audio and, last, its row with all that hangs on it. Run twice it
// does nothing the second time.
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
	if err := w.store.RemoveRecording(ctx, row.ID); err != nil {
		return fmt.Errorf("removing the recording: %w", err)
	}
	return nil
}

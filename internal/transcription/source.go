package transcription

import (
	"context"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// noAudio is the code of what was never handed to the provider, because its audio could not be had.
const noAudio = "AUDIO_UNAVAILABLE"

// requester is the viewer in the organization that the audio belongs to, or will.
func (s *Service) requester(ctx context.Context, viewer access.Viewer, in RequestInput) (access.Scope, error) {
	if in.Address != nil {
		return viewer.Scope(in.Address.OrganizationID, access.Operator)
	}
	rec, err := s.uploads.Get(ctx, viewer, in.RecordingID)
	if err != nil {
		return access.Scope{}, err
	}
	return viewer.Scope(rec.OrganizationID, access.Operator)
}

// source finds what to transcribe, or has it brought here.
func (s *Service) source(ctx context.Context, tx *postgres.Tx, scope access.Scope, in RequestInput) (recording.Recording, error) {
	if in.Address != nil {
		return s.copies.Expect(ctx, tx, scope, in.Address.URL)
	}
	return s.shelf.Find(ctx, tx, scope, in.RecordingID)
}

func (s *Service) submit(ctx context.Context, tx *postgres.Tx, row *db.Transcription) error {
	return s.jobs.Enqueue(ctx, tx, submitArgs{TranscriptionID: row.ID, Attempt: row.Attempt})
}

// await submits a queued transcription when its audio is here, and else leaves that to the end of the copy.
func (s *Service) await(ctx context.Context, tx *postgres.Tx, row *db.Transcription) error {
	here, err := s.copies.Want(ctx, tx, row.OrganizationID, row.RecordingID)
	if err != nil || !here {
		return err
	}
	return s.submit(ctx, tx, row)
}

// RecordingSettled goes on with what waited for a copy: the submission finds out how it ended. A lost one
// is made good by the sweep.
func (w *Worker) RecordingSettled(ctx context.Context, args recording.SettledArgs) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		rows, err := tx.ListTranscriptionsOfRecording(ctx, args.RecordingID)
		if err != nil {
			return fmt.Errorf("reading the transcriptions: %w", err)
		}
		for _, row := range rows {
			if Status(row.Status) != Queued {
				continue
			}
			if err := w.jobs.Enqueue(ctx, tx, submitArgs{TranscriptionID: row.ID, Attempt: row.Attempt}); err != nil {
				return err
			}
		}
		return nil
	})
}

// again enqueues what a queued transcription waits for once more: its job may be lost. While that waits or
// runs, nothing is added.
func (w *Worker) again(ctx context.Context, tx *postgres.Tx, work *db.GetTranscriptionForWorkRow) error {
	row := work.Transcription
	if recording.Status(work.RecordingStatus) == recording.Pending {
		_, err := w.copies.Want(ctx, tx, row.OrganizationID, row.RecordingID)
		return err
	}
	return w.jobs.Enqueue(ctx, tx, submitArgs{TranscriptionID: row.ID, Attempt: row.Attempt})
}

// withoutAudio says why there is nothing to transcribe.
func withoutAudio(work *db.GetTranscriptionForWorkRow) Failure {
	why := Failure{Code: noAudio, Message: "There is no audio."}
	if work.RecordingFailure != nil && work.RecordingRetryable != nil { // as the table's CHECK has it
		why.Message, why.Retryable = *work.RecordingFailure, *work.RecordingRetryable
	}
	return why
}

// by is who ended it.
func (f Failure) by() activity.Actor {
	if f.Code == noAudio {
		return activity.Switchboard()
	}
	return activity.Provider("AssemblyAI")
}

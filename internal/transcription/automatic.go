package transcription

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Automatic is the door for jobs that begin a transcription for which nobody asked by hand.
type Automatic struct{ service *Service }

// NewAutomatic makes it.
func NewAutomatic(s *Service) *Automatic { return &Automatic{service: s} }

// Begin queues the first transcription of a recording; one that has any, or is gone, is left alone. While the
// organization has as many under way as it may, the job waits; where its plan has none left it does not, as that
// may take weeks: the recording stays, and a person may ask for its transcription later.
func (a *Automatic) Begin(ctx context.Context, organization, recording uuid.UUID) error {
	s := a.service
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		scope := access.Scope{OrganizationID: organization}
		rec, err := s.shelf.Find(ctx, tx, scope, ids.Of(ids.Recording, recording))
		if fault.Is(err, fault.CodeNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		earlier, err := tx.ListTranscriptionsOfRecording(ctx, recording)
		if err != nil {
			return fmt.Errorf("looking for transcriptions: %w", err)
		}
		if len(earlier) > 0 {
			return nil
		}
		row, err := s.queue(ctx, tx, scope, rec, RequestInput{RecordingID: rec.ID})
		if err != nil {
			return err
		}
		if err := record(ctx, tx, row, "", activity.Switchboard()); err != nil {
			return err
		}
		return s.fits(ctx, tx, organization)
	})
	switch {
	case postgres.Violates(err, "transcriptions_one_live"): // somebody was faster
		return nil
	case fault.Is(err, fault.CodeLimit):
		return jobs.Later(liveRetry)
	case fault.Is(err, fault.CodePlanLimit):
		slog.InfoContext(ctx, "a recording is not transcribed: the plan has no transcription left", "organization", organization, "recording", recording)
		return nil
	}
	return err
}

// asker is nobody where the organization's settings asked for it.
func asker(scope access.Scope) *uuid.UUID {
	if scope.UserID == uuid.Nil {
		return nil
	}
	return &scope.UserID
}

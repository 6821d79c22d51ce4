package transcription

import (
	"context"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// CompleteInput says that the bytes of an upload have been sent.
type CompleteInput struct {
	UploadID     ids.ID
	Transcribe   *bool // nil: the organization's setting
	LanguageCode *string
}

// Arrival is what came of an upload.
type Arrival struct {
	Upload        *recording.Upload
	Recording     *recording.Recording
	Transcription *Transcription // nil when none was wanted
}

// CompleteUpload looks at the bytes and, in one transaction, makes the recording and queues its
// transcription. Called again it gives the same answer and changes nothing. It stands in this room
// because this room sees recordings, and not the other way round. Errors: NotFound, Forbidden for another
// member's upload, InvalidState, Expired, Invalid for what is not the announced audio, Limit and
// PlanLimit: then nothing has changed, and the upload can be completed later.
func (s *Service) CompleteUpload(ctx context.Context, viewer access.Viewer, in CompleteInput) (Arrival, error) {
	up, scope, err := s.mine(ctx, viewer, in)
	if err != nil {
		return Arrival{}, err
	}
	var seen recording.Inspection
	if up.Status != recording.UploadCompleted {
		if seen, err = s.shelf.Inspect(ctx, scope, *up); err != nil {
			return Arrival{}, err
		}
	}
	wanted, err := s.wanted(ctx, viewer, up.OrganizationID, in)
	if err != nil {
		return Arrival{}, err
	}
	var out Arrival
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		rec, fresh, err := s.shelf.Shelve(ctx, tx, scope, *up, seen)
		if err != nil {
			return err
		}
		out = Arrival{Recording: &rec}
		if !fresh {
			out.Transcription, err = s.first(ctx, tx, rec)
			return err
		}
		if !wanted {
			return s.shelf.Announce(ctx, tx, scope, rec)
		}
		row, err := s.queue(ctx, tx, scope, rec, RequestInput{RecordingID: rec.ID, LanguageCode: in.LanguageCode})
		if err != nil {
			return err
		}
		made := fromRow(row)
		out.Transcription = &made
		if err := s.shelf.Announce(ctx, tx, scope, rec); err != nil { // takes the organization's lock, so it comes late
			return err
		}
		if err := record(ctx, tx, row, "", activity.Person(scope.UserID)); err != nil {
			return err
		}
		return s.fits(ctx, tx, scope.OrganizationID)
	})
	if err != nil {
		return Arrival{}, err
	}
	done := *up
	done.Status, done.RecordingID = recording.UploadCompleted, &out.Recording.ID
	out.Upload = &done
	return out, nil
}

// mine finds the upload and checks that the viewer began it.
func (s *Service) mine(ctx context.Context, viewer access.Viewer, in CompleteInput) (*recording.Upload, access.Scope, error) {
	if !viewer.SignedIn() {
		return nil, access.Scope{}, fault.Unauthenticated()
	}
	up, err := s.uploads.GetUpload(ctx, viewer, in.UploadID)
	if err != nil {
		return nil, access.Scope{}, err
	}
	scope, err := viewer.Scope(up.OrganizationID, access.Operator)
	if err != nil {
		return nil, scope, err
	}
	if !up.Mine(scope) {
		return nil, scope, fault.Forbidden("Only the member who began this upload can complete it.")
	}
	return up, scope, RequestInput{LanguageCode: in.LanguageCode}.check()
}

// wanted says whether the upload is to be transcribed: the request wins over the organization's setting.
func (s *Service) wanted(ctx context.Context, viewer access.Viewer, organization ids.ID, in CompleteInput) (bool, error) {
	if in.Transcribe != nil {
		return *in.Transcribe, nil
	}
	found, err := s.people.Organizations(ctx, viewer, []uuid.UUID{organization.UUID})
	if err != nil {
		return false, err
	}
	o := found[organization.UUID]
	return o != nil && o.Settings.TranscribeUploads, nil
}

// first is the transcription that the upload began, if it did.
func (s *Service) first(ctx context.Context, tx *postgres.Tx, rec recording.Recording) (*Transcription, error) {
	rows, err := tx.ListTranscriptionsOfRecording(ctx, rec.ID.UUID)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	t := fromRow(rows[0])
	return &t, nil
}

package transcription

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// RequestInput says what to transcribe.
type RequestInput struct {
	RecordingID    ids.ID
	Address        *recording.Address // instead of a recording: audio that is copied first
	LanguageCode   *string            // nil: the organization's setting
	IdempotencyKey *string            // the same key gives the same transcription
}

// Request begins a transcription of a recording, or of audio somewhere else, which then becomes one. Errors:
// NotFound, Forbidden below Operator, Invalid, Conflict while another one of the same recording is under
// way, Limit while too much is being copied, PlanLimit when the plan's transcriptions are used up.
func (s *Service) Request(ctx context.Context, viewer access.Viewer, in RequestInput) (*Transcription, error) {
	scope, err := s.requester(ctx, viewer, in)
	if err != nil {
		return nil, err
	}
	if err := s.check(in); err != nil {
		return nil, err
	}
	var made Transcription
	request := func(tx *postgres.Tx) error {
		if earlier, err := s.earlier(ctx, tx, scope, in); err != nil || earlier != nil {
			if earlier != nil {
				made = *earlier
			}
			return err
		}
		rec, err := s.source(ctx, tx, scope, in)
		if err != nil {
			return err
		}
		made, err = s.begin(ctx, tx, scope, rec, in)
		return err
	}
	err = s.store.InTx(ctx, request)
	if in.IdempotencyKey != nil && taken(err) {
		err = s.store.InTx(ctx, request) // the same request may have won: then it is there by now, and is the answer
	}
	if err != nil {
		return nil, busy(err)
	}
	return &made, nil
}

// earlier finds what the same idempotency key began before.
func (s *Service) earlier(ctx context.Context, tx *postgres.Tx, scope access.Scope, in RequestInput) (*Transcription, error) {
	if in.IdempotencyKey == nil {
		return nil, nil
	}
	row, err := tx.GetTranscriptionByKey(ctx, db.GetTranscriptionByKeyParams{OrganizationID: scope.OrganizationID, RequestedBy: &scope.UserID, IdempotencyKey: in.IdempotencyKey})
	if postgres.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the idempotency key: %w", err)
	}
	found := fromRow(row)
	same := found.RecordingID == in.RecordingID
	if in.Address != nil {
		rec, err := s.shelf.Find(ctx, tx, scope, found.RecordingID)
		if err != nil {
			return nil, err
		}
		same = rec.CopiedFrom(in.Address.URL)
	}
	if !same {
		return nil, fault.Conflict("This idempotency key was used for another recording.")
	}
	return &found, nil
}

// begin queues a transcription in the transaction and records it. It takes the organization's lock: call
// it last.
func (s *Service) begin(ctx context.Context, tx *postgres.Tx, scope access.Scope, rec recording.Recording, in RequestInput) (Transcription, error) {
	row, err := s.queue(ctx, tx, scope, rec, in)
	if err != nil {
		return Transcription{}, err
	}
	if err := record(ctx, tx, row, "", activity.Person(scope.UserID)); err != nil {
		return Transcription{}, err
	}
	return fromRow(row), s.fits(ctx, tx, scope.OrganizationID)
}

func (s *Service) queue(ctx context.Context, tx *postgres.Tx, scope access.Scope, rec recording.Recording, in RequestInput) (*db.Transcription, error) {
	rows, err := tx.ListOrganizations(ctx, []uuid.UUID{scope.OrganizationID})
	if err == nil && len(rows) == 0 {
		err = fault.NotFound("organization")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the settings: %w", err)
	}
	language, analysis := in.LanguageCode, rows[0].Analysis
	if language == nil {
		language = rows[0].LanguageCode
	}
	if analysis == nil {
		analysis = s.defaults
	}
	row, err := tx.InsertTranscription(ctx, db.InsertTranscriptionParams{
		ID: ids.New(ids.Transcription).UUID, OrganizationID: scope.OrganizationID, RecordingID: rec.ID.UUID,
		RequestedBy: asker(scope), IdempotencyKey: in.IdempotencyKey, RequestedLanguage: language, Analysis: analysis,
	})
	if err != nil {
		return nil, fmt.Errorf("inserting the transcription: %w", err)
	}
	if err := s.use(ctx, tx, row); err != nil {
		return nil, err
	}
	if rec.Status != recording.Stored {
		return row, s.await(ctx, tx, row)
	}
	return row, s.submit(ctx, tx, row)
}

// Retry queues a failed or canceled transcription again. Errors: NotFound, Forbidden below Operator,
// InvalidState for one that is neither, Conflict while another one of the recording is under way, Limit,
// PlanLimit for one that was never counted.
func (s *Service) Retry(ctx context.Context, viewer access.Viewer, id ids.ID) (*Transcription, error) {
	return s.change(ctx, viewer, id, func(tx *postgres.Tx, scope access.Scope, row *db.Transcription) (*db.Transcription, error) {
		moved, err := move(ctx, tx, row, Queued, activity.Person(scope.UserID), func() (*db.Transcription, error) {
			again, err := tx.RequeueTranscription(ctx, row.ID)
			if err != nil {
				return nil, err
			}
			if err := s.use(ctx, tx, again); err != nil {
				return nil, err
			}
			return again, s.await(ctx, tx, again)
		})
		if err != nil {
			return nil, err
		}
		return moved, s.fits(ctx, tx, scope.OrganizationID)
	})
}

// Cancel ends a live transcription; a result that comes later is thrown away, here and at the provider.
// Errors: NotFound, Forbidden below Operator, InvalidState for one that is not live.
func (s *Service) Cancel(ctx context.Context, viewer access.Viewer, id ids.ID) (*Transcription, error) {
	return s.change(ctx, viewer, id, func(tx *postgres.Tx, scope access.Scope, row *db.Transcription) (*db.Transcription, error) {
		return cancel(ctx, tx, s.jobs, row, activity.Person(scope.UserID))
	})
}

// change runs one verb on a locked transcription.
func (s *Service) change(ctx context.Context, viewer access.Viewer, id ids.ID, do func(*postgres.Tx, access.Scope, *db.Transcription) (*db.Transcription, error)) (*Transcription, error) {
	_, scope, err := s.scoped(ctx, viewer, id, access.Operator)
	if err != nil {
		return nil, err
	}
	var changed Transcription
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.LockTranscription(ctx, id.UUID)
		if err != nil {
			return postgres.NotFound(err, "transcription")
		}
		moved, err := do(tx, scope, row)
		if err != nil {
			return err
		}
		changed = fromRow(moved)
		return nil
	})
	if err != nil {
		return nil, busy(err)
	}
	return &changed, nil
}

// check refuses what could never be done.
func (s *Service) check(in RequestInput) error {
	if in.Address != nil {
		if err := s.copies.Check(in.Address.URL); err != nil {
			return err
		}
	}
	return in.check()
}

func (in RequestInput) check() error {
	if c := in.LanguageCode; c != nil && !identity.Language(*c) {
		return fault.Invalid("languageCode", "Give a language as in \"en\" or \"en_us\", or null to detect it.")
	}
	if k := in.IdempotencyKey; k != nil && (len(*k) == 0 || len(*k) > 255 || strings.ContainsRune(*k, 0) || !utf8.ValidString(*k)) {
		return fault.Invalid("idempotencyKey", "An idempotency key has 1 to 255 bytes.")
	}
	return nil
}

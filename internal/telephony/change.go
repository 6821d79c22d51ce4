package telephony

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Hangup ends a call. One that was not dialed yet is canceled at once; any other ends when the provider says
// so. Errors: NotFound, Forbidden below Operator, InvalidState for one that is over.
func (s *Service) Hangup(ctx context.Context, viewer access.Viewer, id ids.ID) (*Call, error) {
	return s.change(ctx, viewer, id, func(tx *postgres.Tx, scope access.Scope, row *db.Call) (*db.Call, error) {
		if !Status(row.Status).Live() {
			return nil, fault.InvalidState("This call is %s already.", row.Status)
		}
		if row.Direction == string(Outbound) && row.DialedAt == nil && Status(row.Status) == Pending {
			return move(ctx, tx, row, step{to: Canceled, ended: s.now(), by: activity.Person(scope.UserID)})
		}
		if err := tx.MarkCallHangup(ctx, row.ID); err != nil {
			return nil, fmt.Errorf("noting the wish to hang up: %w", err)
		}
		leg, err := tx.GetFirstCallLeg(ctx, row.ID)
		if postgres.Missing(err) { // it is being dialed: whoever learns the provider's id hangs up
			return row, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading the first leg: %w", err)
		}
		return row, s.jobs.Enqueue(ctx, tx, hangupArgs{ProviderID: leg.ProviderID})
	})
}

// maxDispositionNote fits the panel in which it is shown.
const maxDispositionNote = 500

// DispositionInput says how a call went.
type DispositionInput struct {
	CallID      ids.ID
	Disposition Disposition
	Note        *string
}

// SetDisposition notes how a call went; said again, the later word counts. Errors: NotFound, Forbidden below
// Operator, Invalid.
func (s *Service) SetDisposition(ctx context.Context, viewer access.Viewer, in DispositionInput) (*Call, error) {
	if in.Note != nil && !readable(*in.Note, maxDispositionNote) {
		return nil, fault.Invalid("note", "Write between 1 and %d characters, or nothing.", maxDispositionNote)
	}
	return s.change(ctx, viewer, in.CallID, func(tx *postgres.Tx, scope access.Scope, row *db.Call) (*db.Call, error) {
		word, before := string(in.Disposition), ""
		set(&before, row.Disposition)
		changed, err := tx.SetCallDisposition(ctx, db.SetCallDispositionParams{
			ID: row.ID, OrganizationID: scope.OrganizationID, Disposition: &word, Note: in.Note, Author: &scope.UserID,
		})
		if err != nil {
			return nil, fmt.Errorf("setting the disposition: %w", err)
		}
		return changed, activity.Record(ctx, tx, activity.Event{
			OrganizationID: scope.OrganizationID, Type: activity.CallDispositionSet, Subject: in.CallID,
			Status: word, PreviousStatus: before, Actor: activity.Person(scope.UserID),
		})
	})
}

// change runs one verb on a locked call.
func (s *Service) change(ctx context.Context, viewer access.Viewer, id ids.ID, do func(*postgres.Tx, access.Scope, *db.Call) (*db.Call, error)) (*Call, error) {
	_, scope, err := s.scoped(ctx, viewer, id, access.Operator)
	if err != nil {
		return nil, err
	}
	var changed Call
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.LockCall(ctx, id.UUID)
		if err != nil {
			return postgres.NotFound(err, "call")
		}
		if row, err = do(tx, scope, row); err != nil {
			return err
		}
		changed = fromRow(row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

// Note is what somebody wrote about a call. It never changes, so that a timeline can be trusted.
type Note struct {
	ID     ids.ID
	CallID ids.ID
	Author *uuid.UUID // nil when they left
	Text   string
	At     time.Time
}

// maxNote is what fits the call page without scrolling.
const maxNote = 4000

// NoteInput is a note to be written.
type NoteInput struct {
	CallID ids.ID
	Text   string
}

// AddNote writes a note on a call, and gives the call. Errors: NotFound, Forbidden below Operator, Invalid.
func (s *Service) AddNote(ctx context.Context, viewer access.Viewer, in NoteInput) (*Call, error) {
	if !readable(in.Text, maxNote) {
		return nil, fault.Invalid("text", "Write between 1 and %d characters.", maxNote)
	}
	return s.change(ctx, viewer, in.CallID, func(tx *postgres.Tx, scope access.Scope, row *db.Call) (*db.Call, error) {
		if _, err := tx.InsertCallNote(ctx, db.InsertCallNoteParams{
			ID: ids.New(ids.CallNote).UUID, OrganizationID: scope.OrganizationID, CallID: row.ID, AuthorID: &scope.UserID, Text: in.Text,
		}); err != nil {
			return nil, fmt.Errorf("inserting the note: %w", err)
		}
		return row, activity.Record(ctx, tx, activity.Event{
			OrganizationID: scope.OrganizationID, Type: activity.CallNoteAdded, Subject: in.CallID, Actor: activity.Person(scope.UserID),
		})
	})
}

package recording

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Hold is why a recording must not go: neither by somebody's hand nor by its age.
type Hold struct {
	Since  time.Time
	Reason string
	By     *activity.Actor // nil when that account is gone
}

// maxReason is a reference and a sentence or two.
const maxReason = 1000

// HoldInput says whether a recording is to be held, and why.
type HoldInput struct {
	RecordingID ids.ID
	Hold        bool
	Reason      *string // needed to hold it
}

// Hold is a recording's hold as admins see it; nil for others, and where there is none.
func (s *Service) Hold(viewer access.Viewer, r Recording) *Hold {
	if !viewer.RoleIn(r.OrganizationID).Reaches(access.Admin) {
		return nil
	}
	return r.hold
}

// SetHold puts a recording under legal hold or lifts that. Done twice it changes nothing. Errors: NotFound,
// Forbidden below Admin, Invalid for a hold without a reason.
func (s *Service) SetHold(ctx context.Context, viewer access.Viewer, in HoldInput) (*Recording, error) {
	found, err := s.Get(ctx, viewer, in.RecordingID)
	if err != nil {
		return nil, err
	}
	scope, err := viewer.Scope(found.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	reason, err := in.reason()
	if err != nil {
		return nil, err
	}
	var set Recording
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.LockRecording(ctx, in.RecordingID.UUID, scope.OrganizationID)
		if err != nil {
			return postgres.NotFound(err, "recording")
		}
		if before := row.HeldAt != nil; before == in.Hold && (!before || *row.HoldReason == reason) {
			set = fromRow(row)
			return nil
		}
		row, err = change(ctx, tx, scope, in, reason)
		if err != nil {
			return fmt.Errorf("changing the hold: %w", err)
		}
		set = fromRow(row)
		return activity.Record(ctx, tx, held(scope, set, reason))
	})
	if err != nil {
		return nil, err
	}
	return &set, nil
}

func change(ctx context.Context, tx *postgres.Tx, scope access.Scope, in HoldInput, reason string) (*db.Recording, error) {
	if !in.Hold {
		return tx.ReleaseRecording(ctx, in.RecordingID.UUID)
	}
	return tx.HoldRecording(ctx, db.HoldRecordingParams{ID: in.RecordingID.UUID, HeldBy: &scope.UserID, Reason: &reason})
}

func held(scope access.Scope, r Recording, reason string) activity.Event {
	e := activity.Event{
		OrganizationID: scope.OrganizationID, Type: activity.RecordingHoldChanged, Subject: r.ID, Status: "RELEASED",
		Actor: activity.Person(scope.UserID), Audience: activity.Audit,
	}
	if r.Held {
		e.Status = "HELD"
	}
	if reason != "" {
		e.Detail = map[string]string{"reason": reason}
	}
	return e
}

func (in HoldInput) reason() (string, error) {
	var reason string
	if in.Reason != nil {
		reason = strings.TrimSpace(*in.Reason)
	}
	n := utf8.RuneCountInString(reason)
	if in.Hold && n == 0 || n > maxReason || strings.ContainsRune(reason, 0) {
		return "", fault.Invalid("reason", "Say why, in 1 to %d characters.", maxReason)
	}
	return reason, nil
}

func holder(user *uuid.UUID) *activity.Actor {
	if user == nil {
		return nil
	}
	actor := activity.Person(*user)
	return &actor
}

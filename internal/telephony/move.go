package telephony

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// moving runs do on a locked call, in a transaction, and counts the call when that ended it. gone is for one that
// is not there any more.
func (w *Worker) moving(ctx context.Context, id uuid.UUID, do func(tx *postgres.Tx, call *db.Call) (*db.Call, error), gone func(tx *postgres.Tx) error) error {
	var before, after *db.Call
	err := w.store.InTx(ctx, func(tx *postgres.Tx) (err error) {
		before, after = nil, nil
		if before, err = tx.LockCall(ctx, id); postgres.Missing(err) {
			return gone(tx)
		}
		if err != nil {
			return fmt.Errorf("locking the call: %w", err)
		}
		after, err = do(tx, before)
		return err
	})
	if err == nil && after != nil && Status(before.Status).Live() && !Status(after.Status).Live() {
		w.ended(after.Direction, after.Status)
	}
	return err
}

// step is one move of a call, with what is known of it.
type step struct {
	to       Status
	word     *string // the provider's
	started  *time.Time
	ended    time.Time // of ends
	duration *int32
	why      *Failure
	by       activity.Actor
}

// move takes a locked call forward and records it; one that cannot go there stays as it is. It takes the
// organization's lock: call it last.
func move(ctx context.Context, tx *postgres.Tx, row *db.Call, s step) (*db.Call, error) {
	from := Status(row.Status)
	if !from.CanBecome(s.to) {
		return row, nil
	}
	moved, err := write(ctx, tx, row, s)
	if err != nil {
		return nil, fmt.Errorf("moving from %s to %s: %w", from, s.to, err)
	}
	return moved, changed(ctx, tx, moved, from, s.by)
}

func write(ctx context.Context, tx *postgres.Tx, row *db.Call, s step) (*db.Call, error) {
	p := db.MoveCallParams{ID: row.ID, Status: string(s.to), ProviderStatus: s.word, StartedAt: s.started, DurationMs: s.duration}
	if !s.to.Live() {
		p.EndedAt = &s.ended
	}
	if s.why != nil {
		p.FailureCode, p.FailureMessage = &s.why.Code, &s.why.Message
	}
	return tx.MoveCall(ctx, p)
}

// changed records a transition.
func changed(ctx context.Context, tx *postgres.Tx, row *db.Call, from Status, by activity.Actor) error {
	return activity.Record(ctx, tx, activity.Event{
		OrganizationID: row.OrganizationID, Type: activity.CallStatusChanged, Subject: ids.Of(ids.Call, row.ID),
		Status: row.Status, PreviousStatus: string(from), Actor: by,
	})
}

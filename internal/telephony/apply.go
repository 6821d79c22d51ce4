package telephony

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

// apply brings what the provider says of one of its calls into ours: the leg, and the call where the leg is
// its first. Said again, or late, nothing changes.
func (w *Worker) apply(ctx context.Context, id uuid.UUID, seen signalwire.Call) error {
	if status(seen.Status) == "" {
		slog.WarnContext(ctx, "the provider says a word for a call's status that is new", "call", id, "status", string(seen.Status))
		return nil
	}
	return w.moving(ctx, id, func(tx *postgres.Tx, call *db.Call) (*db.Call, error) {
		if seen.ParentSid == "" {
			if second, err := w.second(ctx, tx, call, seen); err != nil || second {
				return call, err
			}
		}
		mine, err := putLeg(ctx, tx, call, seen)
		if err != nil || !mine || seen.ParentSid != "" {
			return call, err
		}
		return w.follow(ctx, tx, call, seen)
	}, func(tx *postgres.Tx) error { // its organization is gone: nobody is left to talk
		return w.jobs.Enqueue(ctx, tx, hangupArgs{ProviderID: seen.Sid})
	})
}

// second says whether the provider has another first leg for this call: a second ringing phone, which is hung
// up.
func (w *Worker) second(ctx context.Context, tx *postgres.Tx, call *db.Call, seen signalwire.Call) (bool, error) {
	leg, err := tx.GetFirstCallLeg(ctx, call.ID)
	if postgres.Missing(err) || err == nil && leg.ProviderID == seen.Sid {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the first leg: %w", err)
	}
	if seen.Status.Over() {
		return true, nil
	}
	slog.WarnContext(ctx, "the provider has two calls for one of ours; the second is hung up", "call", call.ID, "leg", seen.Sid)
	return true, w.jobs.Enqueue(ctx, tx, hangupArgs{ProviderID: seen.Sid})
}

// putLeg keeps the later of two states of a leg; mine is false for one that belongs to another call.
func putLeg(ctx context.Context, tx *postgres.Tx, call *db.Call, seen signalwire.Call) (mine bool, err error) {
	p := db.PutCallLegParams{
		ProviderID: seen.Sid, OrganizationID: call.OrganizationID, CallID: call.ID, ParentProviderID: postgres.OrNull(seen.ParentSid),
		Status: string(status(seen.Status)), ProviderStatus: string(seen.Status), FromNumber: seen.From, ToNumber: seen.To,
		StartedAt: at(seen.StartedAt), EndedAt: at(seen.EndedAt), DurationMs: duration(seen),
	}
	known, err := tx.GetCallLeg(ctx, seen.Sid)
	switch {
	case err == nil && known.CallID != call.ID:
		return false, nil
	case err == nil && Status(known.Status) != status(seen.Status) && !Status(known.Status).CanBecome(status(seen.Status)):
		return true, nil
	case err != nil && !postgres.Missing(err):
		return false, fmt.Errorf("reading the leg: %w", err)
	}
	if _, err = tx.PutCallLeg(ctx, p); postgres.Missing(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("writing the leg: %w", err)
	}
	return true, nil
}

// follow moves the call to where its first leg is.
func (w *Worker) follow(ctx context.Context, tx *postgres.Tx, call *db.Call, seen signalwire.Call) (*db.Call, error) {
	from, to := Status(call.Status), status(seen.Status)
	word := string(seen.Status)
	s := step{to: to, word: &word, started: at(seen.StartedAt), duration: duration(seen), by: activity.Provider("SignalWire")}
	if to.Live() && (call.HangupAt != nil || !from.Live()) { // somebody wants it to end, or was told that it did
		if err := w.jobs.Enqueue(ctx, tx, hangupArgs{ProviderID: seen.Sid}); err != nil {
			return nil, err
		}
	}
	if from.Live() && !to.Live() {
		if err := w.strays(ctx, tx, call); err != nil {
			return nil, err
		}
	}
	if s.ended = seen.EndedAt; s.ended.IsZero() {
		s.ended = w.jobs.Now()
		if call.EndedAt != nil {
			s.ended = *call.EndedAt
		}
	}
	if to == Failed {
		s.why = &Failure{Code: "PROVIDER_FAILED", Message: "The call could not be connected."}
		if call.FailureCode != nil {
			s.why = &Failure{Code: *call.FailureCode, Message: *call.FailureMessage}
		}
	}
	if err := w.countMinutes(ctx, tx, call, seen); err != nil {
		return nil, err
	}
	if from == to { // times may have become known meanwhile
		return write(ctx, tx, call, s)
	}
	return move(ctx, tx, call, s)
}

// strays has the provider asked about legs whose end was not told when their call ended: no sweep looks at what
// hangs on a call that is over.
func (w *Worker) strays(ctx context.Context, tx *postgres.Tx, call *db.Call) error {
	legs, err := tx.ListLegsOfCall(ctx, call.ID)
	if err != nil {
		return fmt.Errorf("reading the legs: %w", err)
	}
	for _, leg := range legs {
		if leg.ParentProviderID == nil || !Status(leg.Status).Live() {
			continue
		}
		if err := w.jobs.Enqueue(ctx, tx, checkArgs{CallID: call.ID, ProviderID: leg.ProviderID}); err != nil {
			return err
		}
	}
	return nil
}

// duration is what the provider measured; it does so at the end.
func duration(seen signalwire.Call) *int32 {
	if !seen.Status.Over() {
		return nil
	}
	ms := int32(seen.Duration.Milliseconds())
	return &ms
}

func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

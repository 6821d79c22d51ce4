package telephony

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

const (
	// lookPause is between two looks for a call that may have been dialed: somebody watches the screen, and the
	// provider's list takes a moment to show it.
	lookPause = 2 * time.Second
	// busyPause is the provider's own measure: it begins one call a second.
	busyPause = time.Second
	// clockSlack is how far the provider's clock may be behind ours.
	clockSlack = 5 * time.Second
	// ringFor is what most networks let a phone ring.
	ringFor = time.Minute
)

// notConfirmed is the code of a call of which it was never known whether it was dialed.
const notConfirmed = "NOT_CONFIRMED"

var events = []signalwire.StatusEvent{signalwire.OnInitiated, signalwire.OnRinging, signalwire.OnAnswered, signalwire.OnCompleted}

// place dials a call, once. The provider has no idempotency key, so that we are about to dial is written down
// first; a run that finds that written looks the call up and never dials.
func (w *Worker) place(ctx context.Context, job jobs.Job[placeArgs]) error {
	if w.provider == nil {
		return w.fail(ctx, job.Args.CallID, Failure{Code: "NOT_PLACED", Message: "This service has no telephone provider any more."})
	}
	call, err := w.store.GetCallForWork(ctx, job.Args.CallID)
	if postgres.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the call: %w", err)
	}
	switch {
	case Status(call.Status) != Pending:
		return nil
	case call.DialedAt != nil:
		return w.lookUp(ctx, call)
	case call.HangupAt != nil: // while the provider was too busy to take it
		return w.cancel(ctx, call.ID)
	case w.jobs.Now().Sub(call.CreatedAt) > w.options.LostAfter: // nobody waits for it any more: a phone that rings now surprises
		return w.fail(ctx, call.ID, Failure{Code: "NOT_PLACED", Message: "The provider did not take the call in time."})
	}
	return w.dial(ctx, call.ID)
}

func (w *Worker) dial(ctx context.Context, id uuid.UUID) error {
	call, err := w.store.MarkCallDialed(ctx, id)
	if postgres.Missing(err) { // another run was faster, or somebody has hung up
		return nil
	}
	if err != nil {
		return fmt.Errorf("noting that the call is dialed: %w", err)
	}
	placed, err := w.provider.Place(ctx, signalwire.PlaceParams{
		To: call.ToNumber, From: call.FromNumber, AnswerURL: w.options.answer(call.ID),
		StatusURL: w.options.webhook(call.ID), StatusEvents: events, RingFor: ringFor, TimeLimit: longest,
	})
	switch {
	case err == nil:
		return w.apply(ctx, call.ID, placed)
	case signalwire.MaybeDone(err):
		slog.WarnContext(ctx, "a call may have been dialed: it is looked up, not dialed again", "call", call.ID, "error", err)
		return jobs.Later(lookPause)
	}
	return w.refused(ctx, call.ID, err)
}

// refused takes what surely was not dialed: busy is tried again, a refusal ends the call.
func (w *Worker) refused(ctx context.Context, call uuid.UUID, err error) error {
	var said *signalwire.Error
	if errors.As(err, &said) && !said.Temporary() {
		return w.fail(ctx, call, Failure{Code: "PROVIDER_REFUSED", Message: said.Message})
	}
	if err := w.store.MarkCallNotDialed(ctx, call); err != nil {
		return fmt.Errorf("noting that the call was not dialed: %w", err)
	}
	if said != nil {
		return jobs.Later(max(said.RetryAfter, busyPause))
	}
	return jobs.Later(lookPause)
}

// lookUp asks the provider whether a call was dialed whose answer never came. After a while of not knowing it
// counts as failed: nobody dials it again, and should it ring after all, it is hung up.
func (w *Worker) lookUp(ctx context.Context, call *db.Call) error {
	late := w.jobs.Now().Sub(*call.DialedAt) > w.options.LostAfter
	seen, err := w.find(ctx, call)
	switch {
	case err == nil && seen != nil:
		return w.apply(ctx, call.ID, *seen)
	case late:
		return w.fail(ctx, call.ID, Failure{Code: notConfirmed, Message: "The provider never confirmed the call. It was not dialed again."})
	case err != nil:
		return w.wait(err)
	}
	return jobs.Later(lookPause)
}

// find looks for a call in the provider's list by its numbers; nil where it is not there or could be another
// of ours: then only the provider's own word, which carries our id, can tell them apart.
func (w *Worker) find(ctx context.Context, call *db.Call) (*signalwire.Call, error) {
	list, err := w.provider.Find(ctx, signalwire.FindParams{To: call.ToNumber, From: call.FromNumber, Since: call.DialedAt.Add(-clockSlack)})
	if err != nil {
		return nil, err
	}
	var free []signalwire.Call
	for _, seen := range list {
		if seen.ParentSid != "" || seen.Direction == signalwire.Inbound || status(seen.Status) == "" {
			continue
		}
		if _, err := w.store.GetCallLeg(ctx, seen.Sid); postgres.Missing(err) {
			free = append(free, seen)
		} else if err != nil {
			return nil, fmt.Errorf("looking for whose the call is: %w", err)
		}
	}
	others, err := w.store.CountDoubtfulCalls(ctx, db.CountDoubtfulCallsParams{ID: call.ID, FromNumber: call.FromNumber, ToNumber: call.ToNumber})
	if err != nil {
		return nil, fmt.Errorf("counting what could be taken for it: %w", err)
	}
	if len(free) != 1 || others > 0 {
		return nil, nil
	}
	return &free[0], nil
}

// fail ends a call of which nothing is to be expected; one that is over stays as it is.
func (w *Worker) fail(ctx context.Context, id uuid.UUID, why Failure) error {
	return w.moving(ctx, id, func(tx *postgres.Tx, call *db.Call) (*db.Call, error) {
		if why.Code == notConfirmed && call.DialedAt == nil {
			return call, nil // taken back meanwhile: another run dials it
		}
		if why.Code == notConfirmed && Status(call.Status) != Pending {
			return call, nil // confirmed meanwhile
		}
		return move(ctx, tx, call, step{to: Failed, ended: w.jobs.Now(), why: &why, by: activity.Switchboard()})
	}, func(*postgres.Tx) error { return nil })
}

// cancel ends a call that was given up before the provider took it.
func (w *Worker) cancel(ctx context.Context, id uuid.UUID) error {
	return w.moving(ctx, id, func(tx *postgres.Tx, call *db.Call) (*db.Call, error) {
		if call.DialedAt != nil {
			return call, nil
		}
		return move(ctx, tx, call, step{to: Canceled, ended: w.jobs.Now(), by: activity.Switchboard()})
	}, func(*postgres.Tx) error { return nil })
}

// wait turns a provider's "busy" into the pause that it asked for.
func (w *Worker) wait(err error) error {
	var said *signalwire.Error
	if errors.As(err, &said) && said.Temporary() && said.RetryAfter > 0 {
		return jobs.Later(said.RetryAfter)
	}
	return err
}

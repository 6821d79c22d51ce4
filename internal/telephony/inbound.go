package telephony

import (
	"context"
	"errors"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

// errTaken is a call that was taken in before, maybe by another process at this moment.
var errTaken = errors.New("the call was taken in already")

// takeIn makes a call of one that came in, for the organization whose number it rings; none for a number that
// is nobody's here. Asked again it gives the same call.
func (w *Worker) takeIn(ctx context.Context, seen signalwire.Call) (*db.Call, error) {
	number, err := w.store.GetPhoneNumberByNumber(ctx, seen.To)
	if postgres.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the number: %w", err)
	}
	err = w.store.InTx(ctx, func(tx *postgres.Tx) error { return w.inbound(ctx, tx, number, seen) })
	if err != nil && !errors.Is(err, errTaken) {
		return nil, err
	}
	leg, err := w.store.GetCallLeg(ctx, seen.Sid)
	if err != nil {
		return nil, fmt.Errorf("reading the leg: %w", err)
	}
	return w.store.GetCallForWork(ctx, leg.CallID)
}

func (w *Worker) inbound(ctx context.Context, tx *postgres.Tx, number *db.PhoneNumber, seen signalwire.Call) error {
	if _, err := tx.GetCallLeg(ctx, seen.Sid); err == nil {
		return errTaken
	} else if !postgres.Missing(err) {
		return fmt.Errorf("looking for the leg: %w", err)
	}
	rules, err := settings(tx.GetTelephonySettings(ctx, number.OrganizationID))
	if err != nil {
		return err
	}
	call, err := tx.InsertCall(ctx, db.InsertCallParams{
		ID: ids.New(ids.Call).UUID, OrganizationID: number.OrganizationID, Direction: string(Inbound), FromNumber: seen.From, ToNumber: seen.To,
		Record: rules.Record, Announcement: rules.announcement(rules.Record), Transcribe: rules.Transcribe, ForwardTo: number.ForwardTo,
	})
	if err != nil {
		return fmt.Errorf("inserting the call: %w", err)
	}
	if err := w.countIn(ctx, tx, call); err != nil {
		return err
	}
	if status(seen.Status) == "" {
		seen.Status = signalwire.Initiated
	}
	mine, err := putLeg(ctx, tx, call, seen)
	if err != nil {
		return err
	}
	if !mine {
		return errTaken
	}
	_, err = w.follow(ctx, tx, call, seen)
	return err
}

package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const (
	// turnWork is for all that happens in one turn: a dozen calls at several times Stripe's usual pace. What is cut
	// short there is repeated under its own keys.
	turnWork = 12 * time.Second
	// turnLife is when a turn counts as dead: behind the end of its work, so that no call of a slow one meets
	// the next one's. Who is killed holds up its organization's billing that long: with the sweep that finds it, less
	// than the 30 s in which everybody is to see how things stand.
	turnLife = 15 * time.Second
	// turnWait is how long a person waits for the turn: a webhook's takes a second.
	turnWait = 5 * time.Second
	// turnPoll is the pause between two looks whether it is free.
	turnPoll = 100 * time.Millisecond
)

// errBusy says that somebody else has the turn.
var errBusy = errors.New("an organization's billing is being read or changed already")

// turn is the right to read and write an organization's things at Stripe. Reads then follow each other: what
// a later one stores is never older than what an earlier one stored. It is a row and no lock, as no
// transaction stays open while Stripe is asked.
type turn struct {
	organization, id uuid.UUID
	readAt           *time.Time // what had been read when it began
}

// take gives the turn, or errBusy.
func (d desk) take(ctx context.Context, organization uuid.UUID) (turn, error) {
	t := turn{organization: organization, id: uuid.New()}
	row, err := d.store.TakeBillingTurn(ctx, db.TakeBillingTurnParams{OrganizationID: organization, Turn: t.id, LivesFor: turnLife})
	if postgres.Missing(err) {
		return turn{}, errBusy
	}
	if err != nil {
		return turn{}, fmt.Errorf("taking the turn: %w", err)
	}
	t.readAt = row.ReadAt
	return t, nil
}

// end gives it back, also when the caller has gone. One that cannot is over after turnLife.
func (d desk) end(ctx context.Context, t turn) {
	ctx, cancel := after(ctx)
	defer cancel()
	if err := d.store.EndBillingTurn(ctx, t.organization, t.id); err != nil {
		slog.WarnContext(ctx, "a turn at stripe could not be ended", "organization", t.organization, "error", err)
	}
}

// begin says when a read begins, by the database's clock, which also dates webhooks.
func (d desk) begin(ctx context.Context, t turn) (time.Time, error) {
	began, err := d.store.KeepBillingTurn(ctx, db.KeepBillingTurnParams{OrganizationID: t.organization, Turn: t.id, LivesFor: turnLife})
	if postgres.Missing(err) {
		return time.Time{}, errBusy
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("keeping the turn: %w", err)
	}
	return began, nil
}

// during lets a person's request have the turn. Error: Conflict when it does not become free.
func (d desk) during(ctx context.Context, organization uuid.UUID, do func(context.Context, turn) error) error {
	if d.stripe == nil {
		return notSold()
	}
	t, err := d.wait(ctx, organization)
	if errors.Is(err, errBusy) {
		return fault.Conflict("The billing of this organization is being changed. Try again in a moment.")
	}
	if err != nil {
		return err
	}
	defer d.end(ctx, t)
	ctx, cancel := context.WithTimeout(ctx, turnWork)
	defer cancel()
	return refused(do(ctx, t))
}

func (d desk) wait(ctx context.Context, organization uuid.UUID) (turn, error) {
	over := time.After(turnWait)
	for {
		t, err := d.take(ctx, organization)
		if !errors.Is(err, errBusy) {
			return t, err
		}
		select {
		case <-time.After(turnPoll):
		case <-over:
			return turn{}, errBusy
		case <-ctx.Done():
			return turn{}, ctx.Err()
		}
	}
}

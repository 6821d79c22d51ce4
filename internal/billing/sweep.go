package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// What one sweep does at most; what is left is for the next.
const (
	sweepMost     = 100
	checkoutsMost = 20
	thingsMost    = 5000 // more than a busy service counts in the time between two sweeps
)

const (
	// checkoutsLeast is how long a webhook may take: it is there within seconds.
	checkoutsLeast = time.Minute
	// operationsKept is how long a client may repeat itself under the same key. Stripe forgets its own after a day.
	operationsKept = 30 * 24 * time.Hour
	// thingsKept is when nobody tells of a thing again; the months' sums stay.
	thingsKept = 400 * 24 * time.Hour
)

// sweep does what only time brings about, and what a lost webhook would have.
func (w *Worker) sweep(ctx context.Context, _ jobs.Job[sweepArgs]) error {
	if w.stripe != nil {
		if err := w.follow(ctx); err != nil {
			return err
		}
	}
	if _, err := w.store.RemoveBillingOperations(ctx, operationsKept, sweepMost); err != nil {
		return fmt.Errorf("removing old operations: %w", err)
	}
	if _, err := w.store.RemoveBillingThings(ctx, thingsKept, thingsMost); err != nil {
		return fmt.Errorf("removing what was counted long ago: %w", err)
	}
	return nil
}

// follow ends graces, and finds turns that were dropped and checkouts.
func (w *Worker) follow(ctx context.Context) error {
	now := w.rules.Now()
	ended, err := w.store.ListEndedGraces(ctx, &now, sweepMost)
	if err != nil {
		return fmt.Errorf("looking for graces that ended: %w", err)
	}
	for _, organization := range ended {
		if err := w.endGrace(ctx, organization); err != nil {
			return err
		}
	}
	if err := w.dropped(ctx); err != nil {
		return err
	}
	return w.checkouts(ctx)
}

// dropped has the organizations read whose turn somebody died in, or could not give back: what they were about to store
// would else be seen when their job counts as dead, or at the next webhook.
func (w *Worker) dropped(ctx context.Context) error {
	dropped, err := w.store.ListDroppedBillingTurns(ctx, sweepMost)
	if err != nil {
		return fmt.Errorf("looking for turns that were dropped: %w", err)
	}
	if len(dropped) == 0 {
		return nil
	}
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		for _, organization := range dropped {
			if err := w.jobs.Enqueue(ctx, tx, lookArgs{OrganizationID: organization}); err != nil {
				return err
			}
		}
		return nil
	})
}

// endGrace tells the members that their plan is over. What they may use has followed the clock already.
func (w *Worker) endGrace(ctx context.Context, organization uuid.UUID) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		was, err := tx.LockBillingAccount(ctx, organization)
		if err != nil {
			return fmt.Errorf("locking the account: %w", err)
		}
		row, err := tx.GetCurrentBillingSubscription(ctx, organization)
		if err != nil {
			return fmt.Errorf("reading the subscription: %w", err)
		}
		now := *was
		now.Plan = string(w.rules.of(was))
		if now.Plan == was.Plan {
			return nil
		}
		if err := tx.UpdateBillingAccount(ctx, accountRow(&now)); err != nil {
			return fmt.Errorf("storing the account: %w", err)
		}
		return activity.Record(ctx, tx, statusChanged(was, &now, row))
	})
}

// checkouts asks how far those are of which nobody has told us.
func (w *Worker) checkouts(ctx context.Context) error {
	rows, err := w.store.CheckBillingCheckouts(ctx, checkoutsLeast, checkoutsMost)
	if err != nil {
		return fmt.Errorf("looking for open checkouts: %w", err)
	}
	for _, r := range rows {
		said, err := w.stripe.Session(ctx, *r.SessionID)
		if err != nil && !stripe.NotFound(err) {
			return waits(err)
		}
		if err == nil && said.Status == stripe.SessionOpen {
			continue
		}
		if err := w.finishCheckout(ctx, r.ID, r.OrganizationID, said.Status == stripe.SessionComplete); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) finishCheckout(ctx context.Context, operation, organization uuid.UUID, paid bool) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.FinishBillingOperation(ctx, operation); err != nil {
			return fmt.Errorf("finishing a checkout: %w", err)
		}
		if !paid {
			return nil
		}
		return w.jobs.Enqueue(ctx, tx, lookArgs{OrganizationID: organization})
	})
}

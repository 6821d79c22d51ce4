package billing

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// Close ends what a closed organization would go on paying for. It has to be done before the organization's rows go:
// nothing else knows of it. What was paid stays with Stripe until a person gives it back. attempt is the job's.
func (w *Worker) Close(ctx context.Context, organization uuid.UUID, attempt int) error {
	if w.stripe == nil {
		return nil
	}
	return w.turns(ctx, organization, func(ctx context.Context, t turn) error {
		if err := w.closeCheckouts(ctx, t, attempt); err != nil {
			return err
		}
		v, err := w.look(ctx, t, "")
		if err != nil {
			return err
		}
		for _, s := range v.subscriptions {
			if status(s.Status).over() {
				continue
			}
			if err := w.stop(ctx, "closed", s.ID, attempt); err != nil {
				return err
			}
		}
		_, err = w.refresh(ctx, t, wanted{})
		return err
	})
}

// closeCheckouts comes first, so that no subscription begins behind us. One that was paid in this moment cannot be
// closed: its subscription is found next.
func (w *Worker) closeCheckouts(ctx context.Context, t turn, attempt int) error {
	row, err := w.store.GetCurrentBillingCustomer(ctx, t.organization)
	if postgres.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the customer's id: %w", err)
	}
	open, err := w.stripe.OpenSessions(ctx, row.ID)
	if stripe.NotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, each := range open {
		if _, err := w.stripe.ExpireSession(ctx, "switchboard-closed-"+each.ID+"-"+strconv.Itoa(attempt), each.ID); err != nil {
			said, looked := w.stripe.Session(ctx, each.ID)
			if looked != nil || said.Status == stripe.SessionOpen {
				return fmt.Errorf("closing a checkout: %w", err)
			}
		}
	}
	return nil
}

// stop cancels a subscription now; one that is gone already is no error. Stripe keeps an error under its key: each
// attempt has its own.
func (w *Worker) stop(ctx context.Context, why, id string, attempt int) error {
	_, err := w.stripe.CancelNow(ctx, "switchboard-"+why+"-"+id+"-"+strconv.Itoa(attempt), id)
	if err != nil && !stripe.NotFound(err) {
		return fmt.Errorf("canceling a subscription: %w", err)
	}
	return nil
}

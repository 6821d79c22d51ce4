package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// Close ends what an organization that was deleted pays for: Stripe would collect from its card for good, and
// nobody could log in to stop it. Its customer and bills stay at Stripe, for the books. attempt makes the keys
// of the writes, as Stripe keeps an error under its key; a second one finds nothing to end.
func (w *Worker) Close(ctx context.Context, organization uuid.UUID, attempt int) error {
	if w.stripe == nil {
		return nil
	}
	row, err := w.store.GetCurrentBillingCustomer(ctx, organization)
	if postgres.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the customer's id: %w", err)
	}
	return w.turns(ctx, organization, func(ctx context.Context, _ turn) error {
		said, err := w.stripe.Customer(ctx, row.ID)
		if stripe.NotFound(err) { // of another account: that must not keep the organization's data here
			slog.WarnContext(ctx, "the customer of a deleted organization is not in the account of the key: look whether it still pays", "organization", organization, "customer", row.ID)
			return nil
		}
		if err != nil || said.Deleted {
			return err
		}
		if err := w.closePages(ctx, row.ID, attempt); err != nil {
			return err
		}
		return w.endAll(ctx, row.ID, attempt)
	})
}

// closePages comes first: what is paid on one in this moment is a subscription that endAll sees.
func (w *Worker) closePages(ctx context.Context, customer string, attempt int) error {
	open, err := w.stripe.OpenSessions(ctx, customer)
	if err != nil {
		return err
	}
	for _, each := range open {
		_, err := w.stripe.ExpireSession(ctx, "switchboard-closed-"+each.ID+"-"+strconv.Itoa(attempt), each.ID)
		if err == nil {
			continue
		}
		if said, looked := w.stripe.Session(ctx, each.ID); looked != nil || said.Status == stripe.SessionOpen {
			return errors.Join(err, looked)
		}
	}
	return nil
}

func (w *Worker) endAll(ctx context.Context, customer string, attempt int) error {
	all, err := w.stripe.Subscriptions(ctx, customer)
	if err != nil {
		return err
	}
	for _, s := range all {
		if status(s.Status).over() {
			continue
		}
		_, err := w.stripe.CancelNow(ctx, "switchboard-closed-"+s.ID+"-"+strconv.Itoa(attempt), s.ID)
		if err != nil && !stripe.NotFound(err) {
			return fmt.Errorf("ending the subscription of a deleted organization: %w", err)
		}
	}
	return nil
}

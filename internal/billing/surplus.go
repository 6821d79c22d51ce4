package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// surplusAge is how young a second subscription is whose payment is given back without asking anybody: its webhook
// takes seconds, a backlog minutes. An older one was of use to somebody, so that a person decides.
const surplusAge = 15 * time.Minute

// endSurplus cancels a subscription beside another one and gives back what was just paid for it.
func (w *Worker) endSurplus(ctx context.Context, job jobs.Job[surplusArgs]) error {
	return w.turns(ctx, job.Args.OrganizationID, func(ctx context.Context, t turn) error {
		v, err := w.look(ctx, t, "")
		if err != nil {
			return err
		}
		for _, s := range v.subscriptions {
			if s.ID != job.Args.Subscription || !status(s.Status).over() && v.current(w.rules).ID == s.ID {
				continue
			}
			ended, err := w.cancelSurplus(ctx, s, job.Attempt)
			if err != nil {
				return err
			}
			if err := w.giveBack(ctx, t.organization, ended, v.invoices, job.Attempt); err != nil {
				return err
			}
		}
		_, err = w.refresh(ctx, t, wanted{})
		return err
	})
}

// cancelSurplus ends it, unless an earlier try has. Stripe keeps an error under its key: each try has its own.
func (w *Worker) cancelSurplus(ctx context.Context, s stripe.Subscription, attempt int) (stripe.Subscription, error) {
	if status(s.Status).over() {
		return s, nil
	}
	ended, err := w.stripe.CancelNow(ctx, "switchboard-surplus-"+s.ID+"-"+strconv.Itoa(attempt), s.ID)
	if stripe.NotFound(err) { // somebody else ended it in this moment
		return w.stripe.Subscription(ctx, s.ID)
	}
	if err != nil {
		return s, fmt.Errorf("canceling a second subscription: %w", err)
	}
	return ended, nil
}

// giveBack refunds the first and only payment of a subscription that was canceled right after it was made. Stripe gives
// back what is left of a charge and never more, so that a second try cannot pay twice; whatever is less clear, or
// refused, is left to the person whom the alert calls.
func (w *Worker) giveBack(ctx context.Context, organization uuid.UUID, ended stripe.Subscription, bills []stripe.Invoice, attempt int) error {
	charge := onlyCharge(ended, bills)
	if charge == "" || ended.CanceledAt.IsZero() || ended.CanceledAt.Sub(ended.Created) > surplusAge {
		return nil
	}
	taken, err := w.stripe.Charge(ctx, charge)
	if err != nil {
		return fmt.Errorf("reading the payment of a second subscription: %w", err)
	}
	if taken.Status != stripe.ChargeSucceeded || taken.Disputed || taken.AmountRefunded > 0 {
		return nil
	}
	err = w.stripe.Refund(ctx, "switchboard-surplus-refund-"+charge+"-"+strconv.Itoa(attempt), charge)
	var said *stripe.Error
	if errors.As(err, &said) && said.Refused() { // by a key that may not, for instance
		slog.WarnContext(ctx, "the payment of a second subscription must be given back by hand", "organization", organization, "charge", charge, "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("giving back the payment of a second subscription: %w", err)
	}
	amount := NewMoney(taken.Amount, taken.Currency)
	return w.report(ctx, incident{kind: SecondRefunded, thing: charge, organization: organization}, map[string]string{
		"subscription": ended.ID, "charge": charge, "amount": amount.Amount() + " " + amount.Currency(),
	})
}

// onlyCharge is the one payment of a subscription, for its first bill; empty where there is none, or another one too.
func onlyCharge(s stripe.Subscription, bills []stripe.Invoice) (charge string) {
	for _, i := range bills {
		switch {
		case i.Subscription != s.ID || i.AmountPaid == 0:
		case charge != "" || i.BillingReason != stripe.FirstBill:
			return ""
		default:
			charge = i.Charge
		}
	}
	return charge
}

package billing

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// ChangeInput says which price is wanted.
type ChangeInput struct {
	OrganizationID ids.ID
	PriceID        ids.ID
	ProrationAt    *time.Time // the preview's; nil: now
	IdempotencyKey string
}

// Change moves the subscription to another price and has the difference paid at once. Errors: NotFound,
// Forbidden below Admin, Invalid, InvalidState without a subscription that is paid for, or where the
// payment is declined: then nothing has changed. Expired for a preview that is too old.
func (s *Service) Change(ctx context.Context, viewer access.Viewer, in ChangeInput) (*Subscription, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	if err := checkKey(in.IdempotencyKey); err != nil {
		return nil, err
	}
	sold, known := s.rules.price(in.PriceID)
	if !known {
		return nil, fault.Invalid("priceId", "This is none of the prices of our plans.")
	}
	return s.changed(ctx, scope, func(ctx context.Context, row *db.BillingSubscription) error {
		op, err := s.open(ctx, scope, asked{action: changePlan, target: in.target(sold), key: &in.IdempotencyKey})
		if err != nil || op.DoneAt != nil {
			return err
		}
		if !payable(row) {
			return fault.InvalidState("Only a subscription that is ACTIVE or TRIALING can be changed; this one is %s.", row.Status)
		}
		return s.write(ctx, op, func(key string) error {
			said, err := s.stripe.Subscription(ctx, row.StripeID)
			if err != nil || priceOf(said) == sold.StripeID {
				return err
			}
			change := stripe.Change{Subscription: row.StripeID, Item: itemOf(said), Price: sold.StripeID}
			if change.At, err = s.agreed(ctx, said, change, in.ProrationAt); err != nil {
				return err
			}
			_, err = s.stripe.ChangePrice(ctx, key, change)
			return err
		}, s.looking(ctx, row.StripeID, func(said stripe.Subscription) bool { return priceOf(said) == sold.StripeID }))
	})
}

// target is what an operation is about: the same key with another preview would cost something else.
func (in ChangeInput) target(sold Sold) string {
	if in.ProrationAt == nil {
		return sold.StripeID
	}
	return sold.StripeID + "@" + strconv.FormatInt(in.ProrationAt.Unix(), 10)
}

// Cancel ends the subscription, now or when what was paid for is used up. Errors: NotFound, Forbidden below
// Admin, InvalidState without a subscription.
func (s *Service) Cancel(ctx context.Context, viewer access.Viewer, organization ids.ID, atEnd bool) (*Subscription, error) {
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, scope, func(ctx context.Context, row *db.BillingSubscription) error {
		if atEnd {
			return s.send(ctx, scope, cancelAtEnd, row, s.stripe.CancelAtPeriodEnd, func(said stripe.Subscription) bool { return said.CancelAtPeriodEnd })
		}
		return s.send(ctx, scope, cancelNow, row, s.stripe.CancelNow, func(said stripe.Subscription) bool { return status(said.Status).over() })
	})
}

// Resume takes a cancellation at the period's end back. Errors: NotFound, Forbidden below Admin, InvalidState
// without one.
func (s *Service) Resume(ctx context.Context, viewer access.Viewer, organization ids.ID) (*Subscription, error) {
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return nil, err
	}
	return s.changed(ctx, scope, func(ctx context.Context, row *db.BillingSubscription) error {
		return s.send(ctx, scope, resume, row, s.stripe.Resume, func(said stripe.Subscription) bool { return !said.CancelAtPeriodEnd })
	})
}

// send does a write after which the subscription is as wanted, unless it is so already.
func (s *Service) send(ctx context.Context, scope access.Scope, a action, row *db.BillingSubscription,
	do func(context.Context, string, string) (stripe.Subscription, error), is func(stripe.Subscription) bool,
) error {
	looking := s.looking(ctx, row.StripeID, is)
	if already, err := looking(); err != nil || already {
		return err
	}
	op, err := s.open(ctx, scope, asked{action: a, target: row.StripeID})
	if err != nil {
		return err
	}
	return s.write(ctx, op, func(key string) error {
		_, err := do(ctx, key, row.StripeID)
		return err
	}, looking)
}

func (s *Service) looking(ctx context.Context, stripeID string, is func(stripe.Subscription) bool) func() (bool, error) {
	return func() (bool, error) {
		said, err := s.stripe.Subscription(ctx, stripeID)
		return err == nil && is(said), err
	}
}

// changed does something with the subscription that runs and gives it back as Stripe has it then.
func (s *Service) changed(ctx context.Context, scope access.Scope, do func(context.Context, *db.BillingSubscription) error) (*Subscription, error) {
	var out *Subscription
	err := s.during(ctx, scope.OrganizationID, func(ctx context.Context, t turn) error {
		row, err := s.running(ctx, scope)
		if err != nil {
			return err
		}
		if err := do(ctx, row); err != nil {
			return err
		}
		if _, err := s.refresh(ctx, t, wanted{}); err != nil {
			return err
		}
		out, err = s.subscription(ctx, scope)
		return err
	})
	return out, err
}

// running is the subscription that lives.
func (s *Service) running(ctx context.Context, scope access.Scope) (*db.BillingSubscription, error) {
	row, err := s.store.GetCurrentBillingSubscription(ctx, scope.OrganizationID)
	if postgres.Missing(err) || err == nil && Status(row.Status).over() {
		return nil, fault.InvalidState("There is no subscription. Begin with a checkout.")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the subscription: %w", err)
	}
	return row, nil
}

func payable(row *db.BillingSubscription) bool {
	return Status(row.Status) == Active || Status(row.Status) == Trialing
}

func priceOf(s stripe.Subscription) string {
	if len(s.Items) == 0 {
		return ""
	}
	return s.Items[0].Price.ID
}

func itemOf(s stripe.Subscription) string {
	if len(s.Items) == 0 {
		return ""
	}
	return s.Items[0].ID
}

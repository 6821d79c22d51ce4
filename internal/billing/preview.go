package billing

import (
	"context"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// PreviewInput is a change that is only asked about.
type PreviewInput struct{ OrganizationID, PriceID ids.ID }

// Preview is what a change would cost.
type Preview struct {
	AmountDue Money // at once
	Total     Money // below zero: a credit
	// ProrationAt is until when the old price is counted, by Stripe's clock: given back with the change it costs the same.
	// nil: nothing is counted, as in a trial.
	ProrationAt *time.Time
}

const (
	// previewLife is how long somebody may think about a preview: an older one would give time away that was used.
	previewLife = 15 * time.Minute
	// previewAhead is how far two clocks at Stripe may differ.
	previewAhead = time.Minute
)

// Preview asks Stripe what a change would cost now. Errors: as Change.
func (s *Service) Preview(ctx context.Context, viewer access.Viewer, in PreviewInput) (*Preview, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	sold, known := s.rules.price(in.PriceID)
	if !known {
		return nil, fault.Invalid("priceId", "This is none of the prices of our plans.")
	}
	if s.stripe == nil {
		return nil, notSold()
	}
	row, err := s.running(ctx, scope)
	if err != nil {
		return nil, err
	}
	said, err := s.stripe.Subscription(ctx, row.StripeID)
	if err != nil {
		return nil, refused(err)
	}
	cost, err := s.stripe.PreviewChange(ctx, said.Customer, stripe.Change{Subscription: row.StripeID, Item: itemOf(said), Price: sold.StripeID})
	if err != nil {
		return nil, refused(err)
	}
	return &Preview{AmountDue: NewMoney(cost.AmountDue, cost.Currency), Total: NewMoney(cost.Total, cost.Currency), ProrationAt: moment(cost.At)}, nil
}

// agreed is the moment of the preview, if that is still to be honored. Its age is taken by Stripe's clock, which made it.
// Errors: Expired, Invalid.
func (s *Service) agreed(ctx context.Context, said stripe.Subscription, change stripe.Change, at *time.Time) (time.Time, error) {
	if at == nil {
		return time.Time{}, nil
	}
	now, err := s.stripe.PreviewChange(ctx, said.Customer, change)
	if err != nil || now.At.IsZero() {
		return time.Time{}, err
	}
	switch age := now.At.Sub(*at); {
	case age > previewLife, at.Before(said.CurrentPeriodStart): // a renewal in between has been paid for
		return time.Time{}, fault.Expired("This preview is too old. Ask for another one, and change under another key.")
	case age < -previewAhead:
		return time.Time{}, fault.Invalid("prorationAt", "Give back what the preview said.")
	}
	return *at, nil
}

package billing

import (
	"context"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// Plans are what can be used and bought, for everybody to read.
func (s *Service) Plans(ctx context.Context) ([]Plan, error) {
	amounts, err := s.amounts(ctx)
	if err != nil {
		return nil, err
	}
	var list []Plan
	for _, tier := range Tiers() {
		list = append(list, s.rules.plan(tier, amounts))
	}
	return list, nil
}

// amounts are what Stripe said last of what the prices cost, by Stripe's id.
func (s *Service) amounts(ctx context.Context) (map[string]Money, error) {
	wanted := make([]string, len(s.rules.Prices))
	for i, sold := range s.rules.Prices {
		wanted[i] = sold.StripeID
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	rows, err := s.store.ListBillingPrices(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("reading the prices: %w", err)
	}
	amounts := make(map[string]Money, len(rows))
	for _, r := range rows {
		amounts[r.PriceID] = NewMoney(r.Amount, r.Currency)
	}
	return amounts, nil
}

func (s *Service) subscriptionFrom(ctx context.Context, r *db.BillingSubscription) (*Subscription, error) {
	out := &Subscription{
		ID: ids.Of(ids.Subscription, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID), Status: Status(r.Status),
		Price: NewMoney(r.Amount, r.Currency), Interval: r.Interval, CurrentPeriodEnd: r.CurrentPeriodEnd,
		CancelAtPeriodEnd: r.CancelAtPeriodEnd, CanceledAt: r.CanceledAt, TrialEndsAt: r.TrialEndsAt,
	}
	if r.Tier == nil {
		return out, nil
	}
	amounts, err := s.amounts(ctx)
	if err != nil {
		return nil, err
	}
	plan := s.rules.plan(Tier(*r.Tier), amounts)
	out.Plan = &plan
	return out, nil
}

func invoiceFrom(r *db.BillingInvoice) *Invoice {
	return &Invoice{
		ID: ids.Of(ids.Invoice, r.ID), Number: r.Number, Status: InvoiceStatus(r.Status), AmountDue: NewMoney(r.AmountDue, r.Currency),
		AmountPaid: NewMoney(r.AmountPaid, r.Currency), IssuedAt: r.IssuedAt, DueAt: r.DueAt, PaidAt: r.PaidAt, HostedURL: r.HostedUrl, PDFURL: r.PdfUrl,
	}
}

func methodFrom(r *db.BillingPaymentMethod) *PaymentMethod {
	return &PaymentMethod{
		ID: ids.Of(ids.PaymentMethod, r.ID), Kind: r.Kind, Brand: r.Brand, Last4: r.Last4,
		ExpMonth: wide(r.ExpMonth), ExpYear: wide(r.ExpYear), IsDefault: r.IsDefault,
	}
}

func wide(n *int32) *int {
	if n == nil {
		return nil
	}
	v := int(*n)
	return &v
}

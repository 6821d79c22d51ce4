package billing

import (
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// ours is the id of a row of something of Stripe's: the same whenever it is made, so that what was removed
// and comes back has the id that clients know.
func ours(stripeID string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("stripe:"+stripeID))
}

func status(s stripe.SubscriptionStatus) Status { return Status(strings.ToUpper(string(s))) }

func subscriptionRow(organization uuid.UUID, s stripe.Subscription, rules Rules) db.UpsertBillingSubscriptionParams {
	var item stripe.Item
	if len(s.Items) > 0 { // ours have one
		item = s.Items[0]
	}
	return db.UpsertBillingSubscriptionParams{
		ID: ours(s.ID), OrganizationID: organization, StripeID: s.ID, ItemID: item.ID, PriceID: item.Price.ID, Tier: rules.tier(item.Price.ID),
		Status: string(status(s.Status)), Interval: strings.ToUpper(item.Price.Interval), Amount: item.Price.Amount * max(item.Quantity, 1), Currency: s.Currency,
		CurrentPeriodStart: s.CurrentPeriodStart, CurrentPeriodEnd: s.CurrentPeriodEnd, CancelAtPeriodEnd: s.CancelAtPeriodEnd,
		CanceledAt: moment(s.CanceledAt), TrialEndsAt: moment(s.TrialEnd), CreatedAt: s.Created,
	}
}

// ended is a subscription of which Stripe knows nothing any more.
func ended(r *db.BillingSubscription, at time.Time) stripe.Subscription {
	return stripe.Subscription{
		ID: r.StripeID, Status: stripe.Canceled, CurrentPeriodStart: r.CurrentPeriodStart, CurrentPeriodEnd: r.CurrentPeriodEnd,
		CanceledAt: at, Currency: r.Currency, Created: r.CreatedAt,
		Items: []stripe.Item{{ID: r.ItemID, Quantity: 1, Price: stripe.Price{ID: r.PriceID, Amount: r.Amount, Interval: strings.ToLower(r.Interval)}}},
	}
}

func invoiceRow(organization uuid.UUID, i stripe.Invoice) db.UpsertBillingInvoiceParams {
	return db.UpsertBillingInvoiceParams{
		ID: ours(i.ID), OrganizationID: organization, StripeID: i.ID, SubscriptionStripeID: postgres.OrNull(i.Subscription), Number: postgres.OrNull(i.Number),
		Status: strings.ToUpper(string(i.Status)), AmountDue: i.AmountDue, AmountPaid: i.AmountPaid, Currency: i.Currency,
		IssuedAt: i.Created, DueAt: moment(i.DueAt), PaidAt: moment(i.PaidAt), HostedUrl: postgres.OrNull(i.HostedURL), PdfUrl: postgres.OrNull(i.PDF),
	}
}

func methodRow(organization uuid.UUID, m stripe.PaymentMethod, defaultMethod string) db.UpsertBillingPaymentMethodParams {
	return db.UpsertBillingPaymentMethodParams{
		ID: ours(m.ID), OrganizationID: organization, StripeID: m.ID, Kind: m.Type, Brand: postgres.OrNull(m.Brand), Last4: postgres.OrNull(m.Last4),
		ExpMonth: count(m.ExpMonth), ExpYear: count(m.ExpYear), IsDefault: m.ID == defaultMethod, CreatedAt: m.Created,
	}
}

// The rows that are there, as they would be written: what is the same need not be.

func subscriptionOf(r *db.BillingSubscription) db.UpsertBillingSubscriptionParams {
	p := db.UpsertBillingSubscriptionParams(*r)
	p.CurrentPeriodStart, p.CurrentPeriodEnd, p.CreatedAt = p.CurrentPeriodStart.UTC(), p.CurrentPeriodEnd.UTC(), p.CreatedAt.UTC()
	p.CanceledAt, p.TrialEndsAt = utc(p.CanceledAt), utc(p.TrialEndsAt)
	return p
}

func invoiceOf(r *db.BillingInvoice) db.UpsertBillingInvoiceParams {
	p := db.UpsertBillingInvoiceParams(*r)
	p.IssuedAt, p.DueAt, p.PaidAt = p.IssuedAt.UTC(), utc(p.DueAt), utc(p.PaidAt)
	return p
}

func methodOf(r *db.BillingPaymentMethod) db.UpsertBillingPaymentMethodParams {
	p := db.UpsertBillingPaymentMethodParams(*r)
	p.CreatedAt = p.CreatedAt.UTC()
	return p
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func count(n int) *int32 {
	if n == 0 {
		return nil
	}
	v := int32(n)
	return &v
}

func accountRow(a *db.BillingAccount) db.UpdateBillingAccountParams {
	return db.UpdateBillingAccountParams{OrganizationID: a.OrganizationID, Plan: a.Plan, Tier: a.Tier, Status: a.Status, GraceUntil: a.GraceUntil, ReadAt: a.ReadAt}
}

func priceRow(p stripe.Price) db.UpsertBillingPriceParams {
	return db.UpsertBillingPriceParams{PriceID: p.ID, Amount: p.Amount, Currency: p.Currency, Interval: strings.ToUpper(p.Interval)}
}

package billing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// invoicePage is how many of the newest invoices each read brings: a page that people look at, and more
// than can change at a time. An older one is read where a webhook names it.
const invoicePage = 24

// view is what Stripe says of an organization's things, all of it read after began.
type view struct {
	began         time.Time
	customer      string // empty: there is none
	gone          bool   // deleted there, with all that it had
	defaultMethod string
	subscriptions []stripe.Subscription
	invoices      []stripe.Invoice // the newest
	others        []stripe.Invoice // that were asked for by name
	methods       []stripe.PaymentMethod
}

// look reads everything that can change. invoice is one to be read too; it may be empty.
func (d desk) look(ctx context.Context, t turn, invoice string) (view, error) {
	began, err := d.begin(ctx, t)
	if err != nil {
		return view{}, err
	}
	v := view{began: began}
	row, err := d.store.GetCurrentBillingCustomer(ctx, t.organization)
	if postgres.Missing(err) {
		return v, d.lookAfter(ctx, t, &v)
	}
	if err != nil {
		return v, fmt.Errorf("reading the customer's id: %w", err)
	}
	v.customer = row.ID
	said, err := d.stripe.Customer(ctx, row.ID)
	if err != nil { // also NotFound: Stripe still knows whom it deleted, so that the key is of another account, or mode
		return v, err
	}
	if said.Deleted {
		v.gone = true
		return v, d.lookAfter(ctx, t, &v)
	}
	if v.subscriptions, err = d.stripe.Subscriptions(ctx, row.ID); err != nil {
		return v, err
	}
	if err := d.lookAfter(ctx, t, &v); err != nil {
		return v, err
	}
	v.defaultMethod = said.DefaultPaymentMethod
	if s := v.current(d.rules); s != nil && s.DefaultPaymentMethod != "" { // a checkout sets the subscription's own, which comes before the customer's
		v.defaultMethod = s.DefaultPaymentMethod
	}
	if v.methods, err = d.stripe.PaymentMethods(ctx, row.ID); err != nil {
		return v, err
	}
	if v.invoices, _, err = d.stripe.Invoices(ctx, row.ID, stripe.Page{Limit: invoicePage}); err != nil {
		return v, err
	}
	return v, d.lookAt(ctx, invoice, &v)
}

// lookAfter reads what we have as living and no list has brought: what a deleted customer leaves. Lists of it are
// not given any more, single things are.
func (d desk) lookAfter(ctx context.Context, t turn, v *view) error {
	rows, err := d.store.ListBillingSubscriptions(ctx, t.organization)
	if err != nil {
		return fmt.Errorf("reading the subscriptions: %w", err)
	}
	for _, r := range rows {
		seen := slices.ContainsFunc(v.subscriptions, func(s stripe.Subscription) bool { return s.ID == r.StripeID })
		if seen || Status(r.Status).over() {
			continue
		}
		said, err := d.stripe.Subscription(ctx, r.StripeID)
		if stripe.NotFound(err) { // it went with its customer
			said, err = ended(r, v.began), nil
		}
		if err != nil {
			return err
		}
		v.subscriptions = append(v.subscriptions, said)
	}
	return nil
}

// lookAt reads one invoice that is not among the newest; one that is no more was a draft.
func (d desk) lookAt(ctx context.Context, invoice string, v *view) error {
	if invoice == "" || slices.ContainsFunc(v.invoices, func(i stripe.Invoice) bool { return i.ID == invoice }) {
		return nil
	}
	said, err := d.stripe.Invoice(ctx, invoice)
	if stripe.NotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if said.Customer == v.customer {
		v.others = append(v.others, said)
	}
	return nil
}

// current chooses the subscription that a plan follows from: of several that live one to a price of ours, of those
// the best paid for, and of those the oldest. It depends on nothing but the prices and what Stripe says, so that it
// is the same whenever it is asked.
func (v view) current(rules Rules) *stripe.Subscription {
	var best *stripe.Subscription
	for i := range v.subscriptions {
		s := &v.subscriptions[i]
		if !status(s.Status).over() && (best == nil || rules.better(s, best)) {
			best = s
		}
	}
	return best
}

// better keeps a plan that is known to be paid for from being lost to a price that nobody knows. What was never paid
// comes last, whatever its price is.
func (r Rules) better(a, b *stripe.Subscription) bool {
	x, y := status(a.Status).rank(), status(b.Status).rank()
	if ours, theirs := r.tier(priceOf(*a)) != nil, r.tier(priceOf(*b)) != nil; ours != theirs && x < unpaidRank && y < unpaidRank {
		return ours
	}
	if x != y {
		return x < y
	}
	if !a.Created.Equal(b.Created) {
		return a.Created.Before(b.Created)
	}
	return a.ID < b.ID
}

// due is since when a payment is missing: the oldest open bill of the subscription, else its period.
func (v view) due(s *stripe.Subscription) time.Time {
	since := s.CurrentPeriodStart
	found := false
	for _, i := range v.invoices {
		if i.Subscription == s.ID && i.Status == stripe.InvoiceOpen && i.AmountRemaining > 0 && (!found || i.Created.Before(since)) {
			since, found = i.Created, true
		}
	}
	return since
}

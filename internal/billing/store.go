package billing

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// wanted says why a read is made.
type wanted struct {
	invoice   string // to be read too
	repairing bool   // nobody knocked: what is found is what no webhook told
}

// found is what a read came to.
type found struct {
	corrected    []string // the kinds of things that were otherwise than stored, each once
	unknownPrice string   // of a subscription that lives; empty: all are known
}

func (f *found) corrects(what string) {
	if !slices.Contains(f.corrected, what) {
		f.corrected = append(f.corrected, what)
	}
}

// refresh reads an organization's things at Stripe and stores them, with the plan that follows, in one
// transaction.
func (d desk) refresh(ctx context.Context, t turn, w wanted) (found, error) {
	v, err := d.look(ctx, t, w.invoice)
	if err != nil {
		return found{}, fmt.Errorf("reading at stripe: %w", err)
	}
	var s *storing
	err = d.store.InTx(ctx, func(tx *postgres.Tx) error {
		s = &storing{desk: d, tx: tx, organization: t.organization, view: v}
		return s.all(ctx, t, w)
	})
	if err != nil {
		return found{}, fmt.Errorf("storing what stripe says: %w", err)
	}
	s.tell(ctx)
	return s.found, nil
}

// storing is one transaction that brings the mirror up to a view.
type storing struct {
	desk
	found
	tx           *postgres.Tx
	organization uuid.UUID
	view         view
	before       map[string]*db.BillingSubscription // by Stripe's id
	incidents    []incident                         // new ones, to be told of after the commit
	events       []activity.Event                   // written last: they take the organization's lock
}

func (s *storing) all(ctx context.Context, t turn, w wanted) error {
	account, err := s.tx.LockBillingAccount(ctx, s.organization)
	if err != nil {
		return fmt.Errorf("locking the account: %w", err)
	}
	if account.Turn == nil || *account.Turn != t.id { // so slow that somebody else had the next turn
		return errBusy
	}
	for _, step := range []func(context.Context) error{s.subscriptions, s.invoices, s.methods, s.customer} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := s.settle(ctx, account); err != nil {
		return err
	}
	if w.repairing && len(s.corrected) > 0 {
		s.events = append(s.events, s.repaired())
	}
	for _, e := range s.events {
		if err := activity.Record(ctx, s.tx, e); err != nil {
			return err
		}
	}
	return nil
}

// subscriptions stores them all: first those that are over, as only one may live.
func (s *storing) subscriptions(ctx context.Context) error {
	rows, err := s.tx.ListBillingSubscriptions(ctx, s.organization)
	if err != nil {
		return fmt.Errorf("reading the subscriptions: %w", err)
	}
	s.before = make(map[string]*db.BillingSubscription, len(rows))
	for _, r := range rows {
		s.before[r.StripeID] = r
	}
	current := s.view.current(s.rules)
	var last []stripe.Subscription
	for _, said := range s.view.subscriptions {
		if current != nil && said.ID == current.ID {
			last = append(last, said)
			continue
		}
		if err := s.subscription(ctx, said, !status(said.Status).over()); err != nil {
			return err
		}
	}
	for _, said := range last {
		if err := s.subscription(ctx, said, false); err != nil {
			return err
		}
	}
	return nil
}

func (s *storing) subscription(ctx context.Context, said stripe.Subscription, surplus bool) error {
	row := subscriptionRow(s.organization, said, s.rules)
	row.Surplus = surplus
	live := !Status(row.Status).over()
	if live && row.Tier == nil {
		if !surplus { // beside a plan that is known it takes nothing away
			s.unknownPrice = row.PriceID
		}
		if err := s.note(ctx, UnknownPrice, row.StripeID+" "+row.PriceID, map[string]string{"subscription": row.StripeID, "price": row.PriceID}); err != nil {
			return err
		}
	}
	if surplus {
		if err := s.second(ctx, row.StripeID); err != nil {
			return err
		}
	}
	if was := s.before[row.StripeID]; was != nil {
		if row.Tier == nil {
			row.Tier = was.Tier
		}
		if reflect.DeepEqual(subscriptionOf(was), row) {
			return nil
		}
	}
	s.corrects("subscription")
	if err := s.tx.UpsertBillingSubscription(ctx, row); err != nil {
		return fmt.Errorf("storing a subscription: %w", err)
	}
	return nil
}

// invoices stores those that were read. A draft that is not there any more was deleted.
func (s *storing) invoices(ctx context.Context) error {
	said := append(s.view.invoices, s.view.others...)
	if len(said) == 0 {
		return nil
	}
	since, other := s.view.began.Add(time.Hour), "" // behind all that there are
	for _, i := range s.view.invoices {
		if i.Created.Before(since) {
			since = i.Created
		}
	}
	for _, i := range s.view.others {
		other = i.ID
	}
	rows, err := s.tx.ListBillingInvoicesSince(ctx, db.ListBillingInvoicesSinceParams{OrganizationID: s.organization, Since: since, StripeID: other})
	if err != nil {
		return fmt.Errorf("reading the invoices: %w", err)
	}
	before := make(map[string]*db.BillingInvoice, len(rows))
	for _, r := range rows {
		before[r.StripeID] = r
	}
	for _, i := range said {
		row, was := invoiceRow(s.organization, i), before[i.ID]
		delete(before, i.ID)
		if was != nil && reflect.DeepEqual(invoiceOf(was), row) {
			continue
		}
		s.corrects("invoices")
		if err := s.tx.UpsertBillingInvoice(ctx, row); err != nil {
			return fmt.Errorf("storing an invoice: %w", err)
		}
	}
	return s.withdrawn(ctx, before)
}

func (s *storing) withdrawn(ctx context.Context, left map[string]*db.BillingInvoice) error {
	var drafts []string
	for id, r := range left {
		if InvoiceStatus(r.Status) == InvoiceDraft {
			drafts = append(drafts, id)
		}
	}
	if len(drafts) == 0 {
		return nil
	}
	s.corrects("invoices")
	if err := s.tx.RemoveBillingInvoices(ctx, s.organization, drafts); err != nil {
		return fmt.Errorf("removing drafts: %w", err)
	}
	return nil
}

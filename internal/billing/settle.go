package billing

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"

	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// methods stores the ways to pay and removes those that were taken away.
func (s *storing) methods(ctx context.Context) error {
	rows, err := s.tx.ListBillingPaymentMethods(ctx, s.organization, maxMethods)
	if err != nil {
		return fmt.Errorf("reading the payment methods: %w", err)
	}
	before := make(map[string]*db.BillingPaymentMethod, len(rows))
	for _, r := range rows {
		before[r.StripeID] = r
	}
	kept := []string{}
	for _, m := range s.view.methods[:min(len(s.view.methods), maxMethods)] {
		kept = append(kept, m.ID)
		row := methodRow(s.organization, m, s.view.defaultMethod)
		if was := before[m.ID]; was != nil && reflect.DeepEqual(methodOf(was), row) {
			continue
		}
		s.corrects("payment methods")
		if err := s.tx.UpsertBillingPaymentMethod(ctx, row); err != nil {
			return fmt.Errorf("storing a payment method: %w", err)
		}
	}
	gone, err := s.tx.RemoveOtherBillingPaymentMethods(ctx, s.organization, kept)
	if err != nil {
		return fmt.Errorf("removing payment methods: %w", err)
	}
	if gone > 0 {
		s.corrects("payment methods")
	}
	return nil
}

// maxMethods are more than anybody has; the newest count.
const maxMethods = 50

// customer notes one that was deleted, so that the next checkout makes another.
func (s *storing) customer(ctx context.Context) error {
	if !s.view.gone {
		return nil
	}
	s.corrects("customer")
	if err := s.tx.DeleteBillingCustomer(ctx, s.view.customer); err != nil {
		return fmt.Errorf("noting a deleted customer: %w", err)
	}
	return s.note(ctx, CustomerDeleted, s.view.customer, map[string]string{"customer": s.view.customer})
}

// settle lets the account follow the subscription, and tells the members what changed for them.
func (s *storing) settle(ctx context.Context, account *db.BillingAccount) error {
	now, row, err := *account, (*db.BillingSubscription)(nil), error(nil)
	if row, err = s.standing(ctx, &now); err != nil {
		return err
	}
	now.ReadAt = &s.view.began
	if now.Plan, err = string(s.rules.of(&now)), s.missed(ctx, row); err != nil {
		return err
	}
	if err := s.tx.UpdateBillingAccount(ctx, accountRow(&now)); err != nil {
		return fmt.Errorf("storing the account: %w", err)
	}
	if row == nil || !s.news(account, &now, row) {
		return nil
	}
	s.corrects("status")
	if account.Plan != now.Plan {
		s.corrects("plan " + account.Plan + " to " + now.Plan)
	}
	s.events = append(s.events, statusChanged(account, &now, row))
	return nil
}

// standing takes tier, status and grace from the subscription that lives, else from the last one.
func (s *storing) standing(ctx context.Context, account *db.BillingAccount) (*db.BillingSubscription, error) {
	was := account.GraceUntil
	account.Tier, account.Status, account.GraceUntil = nil, nil, nil
	rows, err := s.tx.ListBillingSubscriptions(ctx, s.organization)
	if err != nil {
		return nil, fmt.Errorf("reading the subscriptions: %w", err)
	}
	var current *db.BillingSubscription
	for _, r := range rows { // oldest first
		if !r.Surplus && (current == nil || Status(current.Status).over()) {
			current = r
		}
	}
	if current == nil {
		return nil, nil
	}
	account.Tier, account.Status = current.Tier, &current.Status
	if said := s.view.current(s.rules); said != nil && Status(current.Status) == PastDue {
		account.GraceUntil = s.grace(said, was)
	}
	return current, nil
}

// grace is how long the plan stays. A clock at Stripe that is ahead of ours must not lengthen it with each
// read, nor may a bill that came later: within a period the first one counts.
func (s *storing) grace(said *stripe.Subscription, was *time.Time) *time.Time {
	since := s.view.due(said)
	if since.After(s.view.began) {
		since = s.view.began
	}
	until := since.Add(s.rules.Grace)
	if old := s.before[said.ID]; was != nil && was.Before(until) && old != nil && old.CurrentPeriodStart.Equal(said.CurrentPeriodStart) {
		return was
	}
	return &until
}

// missed notes a payment that did not come, once for each period.
func (s *storing) missed(ctx context.Context, row *db.BillingSubscription) error {
	if row == nil || Status(row.Status) != PastDue {
		return nil
	}
	period := row.CurrentPeriodStart.UTC().Format(time.RFC3339)
	return s.note(ctx, PaymentMissed, row.StripeID+" "+period, map[string]string{"subscription": row.StripeID, "period": period})
}

// news says whether members would want to know.
func (s *storing) news(was, now *db.BillingAccount, row *db.BillingSubscription) bool {
	old := s.before[row.StripeID]
	return was.Plan != now.Plan || postgres.Text(was.Status) != postgres.Text(now.Status) || postgres.Text(was.Tier) != postgres.Text(now.Tier) ||
		old == nil || old.PriceID != row.PriceID || old.CancelAtPeriodEnd != row.CancelAtPeriodEnd
}

func statusChanged(was, now *db.BillingAccount, row *db.BillingSubscription) activity.Event {
	return activity.Event{
		OrganizationID: now.OrganizationID, Type: activity.BillingStatusChanged, Subject: ids.Of(ids.Subscription, row.ID),
		Status: postgres.Text(now.Status), PreviousStatus: postgres.Text(was.Status), Actor: activity.Provider("Stripe"),
		Detail: map[string]string{"plan": now.Plan, "previousPlan": was.Plan, "subscribed": cmp.Or(postgres.Text(now.Tier), "unknown")},
	}
}

func (s *storing) repaired() activity.Event {
	return activity.Event{
		OrganizationID: s.organization, Type: activity.BillingRepaired, Subject: ids.Of(ids.Organization, s.organization),
		Actor: activity.Switchboard(), Audience: activity.Audit, Detail: map[string]string{"corrected": strings.Join(s.corrected, ", ")},
	}
}

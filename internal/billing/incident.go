package billing

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// What somebody must know of. Each is told once, in the audit log, by a metric and in the log.
const (
	UnknownPrice       = "unknown_price"       // somebody pays for what the configuration does not know
	SecondSubscription = "second_subscription" // it is canceled at once
	SecondRefunded     = "second_refunded"     // what was just paid for it is given back
	SecondCustomer     = "second_customer"     // Stripe has another customer for this organization; it is left alone
	CustomerDeleted    = "customer_deleted"
	PaymentMissed      = "payment_missed"
	PaymentFailed      = "payment_failed" // of a checkout that was paid in a way that takes days
	ActionRequired     = "action_required"
	TrialEnding        = "trial_ending"
	Disputed           = "dispute"
	Refunded           = "refund"
	Unclaimed          = "unclaimed" // a subscription to a price of ours whose customer is nobody's
)

// Incidents are all kinds.
func Incidents() []string {
	return []string{
		UnknownPrice, SecondSubscription, SecondRefunded, SecondCustomer, CustomerDeleted, PaymentMissed, PaymentFailed, ActionRequired, TrialEnding, Disputed, Refunded, Unclaimed,
	}
}

// incident is one of them.
type incident struct {
	kind, thing  string
	organization uuid.UUID
}

// event is its line in the audit log.
func (i incident) event(detail map[string]string) activity.Event {
	told := map[string]string{"kind": i.kind}
	for k, v := range detail {
		told[k] = v
	}
	return activity.Event{
		OrganizationID: i.organization, Type: activity.BillingAlert, Subject: ids.Of(ids.Organization, i.organization),
		Status: i.kind, Actor: activity.Provider("Stripe"), Audience: activity.Audit, Detail: told,
	}
}

// note notes an incident, once for each thing.
func (s *storing) note(ctx context.Context, kind, thing string, detail map[string]string) error {
	i := incident{kind: kind, thing: thing, organization: s.organization}
	fresh, err := noted(ctx, s.tx, i)
	if err != nil || !fresh {
		return err
	}
	s.incidents, s.events = append(s.incidents, i), append(s.events, i.event(detail))
	return nil
}

func noted(ctx context.Context, tx *postgres.Tx, i incident) (fresh bool, err error) {
	n, err := tx.NoteBillingIncident(ctx, db.NoteBillingIncidentParams{Kind: i.kind, Thing: i.thing, OrganizationID: i.organization})
	if err != nil {
		return false, fmt.Errorf("noting an incident: %w", err)
	}
	return n == 1, nil
}

// second has a subscription canceled that stands beside another one. While it lives it is looked after with
// each read; the job runs once at a time.
func (s *storing) second(ctx context.Context, stripeID string) error {
	if err := s.note(ctx, SecondSubscription, stripeID, map[string]string{"subscription": stripeID}); err != nil {
		return err
	}
	return s.jobs.Enqueue(ctx, s.tx, surplusArgs{OrganizationID: s.organization, Subscription: stripeID})
}

// tell is for after the commit: a metric cannot be rolled back.
func (s *storing) tell(ctx context.Context) {
	for _, i := range s.incidents {
		s.shout(ctx, i)
	}
}

func (d desk) shout(ctx context.Context, i incident) {
	d.alert(i.kind)
	slog.WarnContext(ctx, "billing needs to be looked at", "kind", i.kind, "organization", i.organization, "thing", i.thing)
}

// report notes an incident by itself.
func (d desk) report(ctx context.Context, i incident, detail map[string]string) error {
	var fresh bool
	err := d.store.InTx(ctx, func(tx *postgres.Tx) (err error) {
		if fresh, err = noted(ctx, tx, i); err != nil || !fresh {
			return err
		}
		return activity.Record(ctx, tx, i.event(detail))
	})
	if err == nil && fresh {
		d.shout(ctx, i)
	}
	return err
}

type surplusArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	Subscription   string    `json:"subscription"`
}

// Kind names the job.
func (surplusArgs) Kind() string { return "billing.surplus" }

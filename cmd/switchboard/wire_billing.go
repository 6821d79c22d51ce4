package main

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// payments is billing's doors.
type payments struct {
	service *billing.Service
	worker  *billing.Worker
	limits  *billing.Limits
	source  inbox.Source
}

// billing builds the room. Without a key of Stripe's nothing is sold, and everybody is on one plan.
func (a *app) billing() payments {
	c, counts := a.config, a.metrics.Billing(billing.Incidents())
	d := billing.Deps{Store: a.store, Jobs: a.queue, Rules: billingRules(c), Origins: c.Origins(), Alert: counts.Alert, Repair: counts.Repair}
	if c.SellsPlans() {
		d.Stripe = stripe.New(stripe.Config{BaseURL: c.StripeBaseURL, Key: c.StripeKey, HTTP: a.callsOut()})
	}
	worker := billing.NewWorker(billing.WorkerDeps{Deps: d, Secrets: c.StripeWebhookSecrets, Every: c.BillingCompare})
	return payments{service: billing.New(d), limits: billing.NewLimits(d.Rules), source: stripeSource(worker), worker: worker}
}

func billingRules(c config.Config) billing.Rules {
	rules := billing.Rules{Limits: map[billing.Tier]map[billing.Metric]int64{}, Grace: c.BillingGrace, Now: time.Now}
	if !c.SellsPlans() {
		rules.Fixed = billing.Tier(c.PlanWithoutStripe)
	}
	for _, p := range c.Prices() {
		rules.Prices = append(rules.Prices, billing.Sold{Tier: billing.Tier(p.Tier), Interval: billing.Interval(p.Interval), StripeID: p.ID})
	}
	for tier, limits := range c.PlanLimits() {
		most := map[billing.Metric]int64{}
		for metric, n := range limits {
			most[billing.Metric(metric)] = n
		}
		rules.Limits[billing.Tier(tier)] = most
	}
	return rules
}

// stripeSource is Stripe's door in the inbox. The two rooms share a floor, so that they meet here.
func stripeSource(worker *billing.Worker) inbox.Source {
	return inbox.Source{
		Name: inbox.Stripe, Secret: billing.SignatureHeader,
		Read: func(r *http.Request, body []byte) (inbox.Delivery, error) {
			event, err := worker.Event(r, body)
			if err != nil {
				return inbox.Delivery{}, inbox.ErrForged
			}
			if event.ID == "" {
				return inbox.Delivery{Type: event.Type, Same: []string{string(body)}}, nil
			}
			return inbox.Delivery{Type: event.Type, ExternalID: event.ObjectID, Same: []string{event.ID}}, nil
		},
		Handle: func(ctx context.Context, event inbox.Event) (inbox.Matched, error) {
			owner, err := worker.Ingest(ctx, billing.Knock{Body: event.Body, ReceivedAt: event.ReceivedAt})
			if owner == uuid.Nil {
				return inbox.Matched{}, err
			}
			return inbox.Matched{OrganizationID: owner, Subject: ids.Of(ids.Organization, owner)}, err
		},
	}
}

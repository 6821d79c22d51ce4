package steps

import (
	"context"
	"fmt"
	"strings"
)

// Purchase is a plan that is bought with a card.
func Purchase() Walk {
	return Walk{
		Name: "purchase", does: buy,
		done: `SELECT EXISTS (SELECT FROM switchboard.billing_accounts WHERE plan = 'PRO' AND status = 'ACTIVE')`,
		once: []claim{
			{"customers", 1, `SELECT count(*) FROM switchboard.billing_customers WHERE deleted_at IS NULL`},
			{"subscriptions", 1, `SELECT count(*) FROM switchboard.billing_subscriptions`},
			{"active subscriptions", 1, `SELECT count(*) FROM switchboard.billing_subscriptions WHERE status = 'ACTIVE' AND tier = 'PRO' AND NOT surplus`},
			{"paid invoices", 1, `SELECT count(*) FROM switchboard.billing_invoices WHERE status = 'PAID'`},
			{"payment methods", 1, `SELECT count(*) FROM switchboard.billing_payment_methods`},
			{"times that the plan was told", 1, `SELECT count(*) FROM switchboard.activity_events WHERE type = 'BILLING_STATUS_CHANGED' AND status = 'ACTIVE'`},
			{"incidents", 0, `SELECT count(*) FROM switchboard.billing_incidents`},
		},
		calm: heardAll,
		look: lookAtPurchase,
	}
}

// heardAll says whether all of Stripe's webhooks have come: it sends one after the other, and repeats.
func heardAll(ctx context.Context, r *rig) (all bool, err error) {
	err = r.Pool.QueryRow(ctx, "SELECT count(*) >= $1 FROM switchboard.webhook_events", len(r.till.Events())).Scan(&all)
	return all, err
}

const createCheckout = `mutation($in: BillingCheckoutCreateInput!) { billingCheckoutCreate(input: $in) { url userErrors { message } } }`

// buy is what a person does, and then the card of theirs.
func buy(ctx context.Context, r *rig) error {
	var price string
	err := r.insist(ctx, "asking for the price", func(ctx context.Context) (bool, error) {
		found, err := r.person.PriceOf(ctx, "PRO", "MONTH")
		price = found.ID
		return err == nil, err
	})
	if err != nil {
		return err
	}
	var begun struct{ BillingCheckoutCreate struct{ URL string } }
	in := map[string]any{"organizationId": r.organization, "priceId": price, "returnPath": "/", "idempotencyKey": "purchase"}
	if err := r.mutate(ctx, createCheckout, in, &begun, func() bool { return begun.BillingCheckoutCreate.URL != "" }); err != nil {
		return err
	}
	page := begun.BillingCheckoutCreate.URL
	return r.till.Pay(page[strings.LastIndex(page, "/")+1:])
}

// lookAtPurchase holds what Stripe has against what is here, and what may be used against what was bought.
func lookAtPurchase(ctx context.Context, r *rig) (wrong []string) {
	paid, events := 0, r.till.Events()
	for _, e := range events {
		if e.Type == "charge.succeeded" {
			paid++
		}
	}
	stats := r.till.Stats()
	for what, there := range map[string][2]int{
		"customers at Stripe": {stats.Customers, 1}, "subscriptions at Stripe": {stats.Subscriptions, 1}, "charges": {paid, 1},
		"pages that can still be paid": {len(r.till.OpenSessions()), 0},
	} {
		if there[0] != there[1] {
			wrong = append(wrong, fmt.Sprintf("%s: %d instead of %d", what, there[0], there[1]))
		}
	}
	wrong = append(wrong, r.hold(ctx, []claim{{"webhooks kept", len(events), `SELECT count(*) FROM switchboard.webhook_events`}})...)
	standing, err := r.person.Standing(ctx, r.organization)
	if err != nil {
		return append(wrong, "the plan cannot be read: "+err.Error())
	}
	for _, u := range standing.Usage {
		if u.Metric == "TRANSCRIPTIONS" && u.Limit != nil && *u.Limit == proLimit {
			return wrong
		}
	}
	return append(wrong, fmt.Sprintf("the limits are not those of the plan: %+v", standing))
}

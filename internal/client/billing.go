package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Standing is what an organization pays for and may use.
type Standing struct {
	Organization string // its id
	Plan         string // FREE, PRO, BUSINESS or ENTERPRISE
	Subscription string // its status; empty: there is none
	Usage        []Usage
	Invoice      *Invoice // the newest
	cursor       string   // of the organization's activity, from then
}

// Usage is how much of something is used this month.
type Usage struct {
	Metric string
	Used   int
	Limit  *int // nil: unlimited
}

// Invoice is a bill.
type Invoice struct {
	Number     string // empty: a draft
	Status     string
	AmountPaid Money
}

// Money is a decimal number and its currency.
type Money struct{ Amount, Currency string }

const askStanding = `query($id: ID!) {
  node(id: $id) { ... on Organization {
    activityCursor
    billing {
      plan { tier }
      subscription { status }
      usage { metric used limit }
      invoices(first: 1) { nodes { number status amountPaid { amount currency } } }
    }
  } }
}`

// Standing reads what there is now. Error: *Error FORBIDDEN for who may not see it.
func (c *Client) Standing(ctx context.Context, organization string) (Standing, error) {
	id, err := c.organization(ctx, organization)
	if err != nil {
		return Standing{}, err
	}
	return c.standing(ctx, id)
}

func (c *Client) standing(ctx context.Context, organization string) (Standing, error) {
	var out struct {
		Node *struct {
			ActivityCursor string
			Billing        *struct {
				Plan         struct{ Tier string }
				Subscription *struct{ Status string }
				Usage        []Usage
				Invoices     struct{ Nodes []Invoice }
			}
		}
	}
	if err := c.Do(ctx, askStanding, map[string]any{"id": organization}, &out); err != nil {
		return Standing{}, fmt.Errorf("asking for the plan: %w", err)
	}
	if out.Node == nil || out.Node.Billing == nil {
		return Standing{}, &Error{Code: "FORBIDDEN", Message: "The plan is shown to administrators only, or cannot be read right now."}
	}
	b := out.Node.Billing
	s := Standing{Organization: organization, Plan: b.Plan.Tier, Usage: b.Usage, cursor: out.Node.ActivityCursor}
	if b.Subscription != nil {
		s.Subscription = b.Subscription.Status
	}
	if len(b.Invoices.Nodes) > 0 {
		s.Invoice = &b.Invoices.Nodes[0]
	}
	return s, nil
}

const askPrices = `query { plans { tier prices { id interval price { amount currency } } } }`

// Price is what a plan costs.
type Price struct {
	ID       string
	Interval string // MONTH or YEAR
	Price    *Money // nil: the server has not asked Stripe yet
}

// PriceOf finds what is to be bought. Error: *Error where it is not sold.
func (c *Client) PriceOf(ctx context.Context, plan, interval string) (Price, error) {
	var out struct {
		Plans []struct {
			Tier   string
			Prices []Price
		}
	}
	if err := c.Do(ctx, askPrices, nil, &out); err != nil {
		return Price{}, fmt.Errorf("asking for the prices: %w", err)
	}
	var sold []string
	for _, p := range out.Plans {
		for _, price := range p.Prices {
			if p.Tier == plan && price.Interval == interval {
				return price, nil
			}
			sold = append(sold, p.Tier+" by the "+price.Interval)
		}
	}
	if len(sold) == 0 {
		return Price{}, &Error{Code: "NOT_FOUND", Message: "This server sells nothing: it has no key of Stripe's, and is not the one that make run starts."}
	}
	return Price{}, &Error{Code: "NOT_FOUND", Message: fmt.Sprintf("%s by the %s is not sold here, but: %s.", plan, interval, strings.Join(sold, ", "))}
}

const openCheckout = `mutation($input: BillingCheckoutCreateInput!) {
  billingCheckoutCreate(input: $input) { url userErrors { code message path } }
}`

// Checkout gives the page on which a price is paid. The key makes a repeated request harmless; it is new
// for each call, so that a checkout may be begun twice on purpose.
func (c *Client) Checkout(ctx context.Context, organization string, price Price, returnPath string) (url string, err error) {
	var out struct {
		BillingCheckoutCreate struct {
			URL        string
			UserErrors []problem
		}
	}
	input := map[string]any{"organizationId": organization, "priceId": price.ID, "returnPath": returnPath, "idempotencyKey": rand.Text()}
	err = c.doSafely(ctx, openCheckout, map[string]any{"input": input}, &out)
	if err = errors.Join(err, failure(out.BillingCheckoutCreate.UserErrors, Error{})); err != nil {
		return "", fmt.Errorf("opening the checkout: %w", err)
	}
	if out.BillingCheckoutCreate.URL == "" {
		return "", errors.New("opening the checkout: the server gave no page and did not say why")
	}
	return out.BillingCheckoutCreate.URL, nil
}

const endSubscription = `mutation($input: BillingSubscriptionCancelInput!) {
  billingSubscriptionCancel(input: $input) { subscription { status } userErrors { code message path } }
}`

// EndSubscription ends it at once.
func (c *Client) EndSubscription(ctx context.Context, organization string) error {
	var out struct {
		BillingSubscriptionCancel struct{ UserErrors []problem }
	}
	err := c.doSafely(ctx, endSubscription, map[string]any{"input": map[string]any{"organizationId": organization, "atPeriodEnd": false}}, &out)
	if err = errors.Join(err, failure(out.BillingSubscriptionCancel.UserErrors, Error{})); err != nil {
		return fmt.Errorf("ending the subscription: %w", err)
	}
	return nil
}

const watchBilling = `subscription($id: ID!, $after: String) {
  organizationActivity(organizationId: $id, after: $after, types: [BILLING_STATUS_CHANGED]) {
    cursor occurredAt summary
  }
}`

// FollowBilling tells each change behind a standing as it happens, with how things stand then, until done
// says so.
func (c *Client) FollowBilling(ctx context.Context, from Standing, each func(summary string, at time.Time, now Standing), done func(Standing) bool) error {
	enough := errors.New("enough was seen")
	err := c.Subscribe(ctx, watchBilling, map[string]any{"id": from.Organization, "after": from.cursor}, func(data json.RawMessage) error {
		var event struct {
			OrganizationActivity struct {
				OccurredAt time.Time
				Summary    string
			}
		}
		if err := json.Unmarshal(data, &event); err != nil {
			return fmt.Errorf("decoding a change of the plan: %w", err)
		}
		now, err := c.standing(ctx, from.Organization)
		if err != nil {
			return err
		}
		each(event.OrganizationActivity.Summary, event.OrganizationActivity.OccurredAt, now)
		if done(now) {
			return enough
		}
		return nil
	})
	if errors.Is(err, enough) {
		return nil
	}
	if err == nil {
		err = errors.New("the stream ended before the plan changed")
	}
	return fmt.Errorf("following the plan: %w", err)
}

package stripe

import (
	"context"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/price"
)

// Change moves a subscription to another price.
type Change struct {
	Subscription string
	Item         string // of the subscription
	Price        string
	At           time.Time // what is used up is counted until then: the preview's, so that both agree; zero: now
}

// Preview is what a change would cost.
type Preview struct {
	AmountDue int64 // at once, in the currency's smallest unit; 0 where a credit remains
	Total     int64 // less than 0: credited to the customer
	Currency  string
	At        time.Time // for Change
}

// PreviewChange asks what a change would cost now. Nothing is changed.
func (c *Client) PreviewChange(ctx context.Context, customer string, in Change) (Preview, error) {
	if err := checkID(customer, in.Subscription, in.Item, in.Price); err != nil {
		return Preview{}, err
	}
	params := &stripego.InvoiceUpcomingParams{
		Params: reading(ctx), Customer: &customer, Subscription: &in.Subscription,
		SubscriptionItems:             []*stripego.SubscriptionItemsParams{{ID: &in.Item, Price: &in.Price}},
		SubscriptionProrationBehavior: stripego.String("always_invoice"),
	}
	if !in.At.IsZero() {
		params.SubscriptionProrationDate = stripego.Int64(in.At.Unix())
	}
	upcoming, err := c.invoices().Upcoming(params)
	if err != nil {
		return Preview{}, c.told("previewing a change of a stripe subscription", err)
	}
	return Preview{AmountDue: upcoming.AmountDue, Total: upcoming.Total, Currency: string(upcoming.Currency), At: at(upcoming.SubscriptionProrationDate)}, nil
}

// ChangePrice changes at once and has the difference paid at once. A payment that is declined refuses the
// change, so that nobody has a plan that was not paid for.
func (c *Client) ChangePrice(ctx context.Context, key string, in Change) (Subscription, error) {
	if err := checkID(in.Item, in.Price); err != nil {
		return Subscription{}, err
	}
	params := &stripego.SubscriptionParams{
		Items:             []*stripego.SubscriptionItemsParams{{ID: &in.Item, Price: &in.Price}},
		ProrationBehavior: stripego.String("always_invoice"), PaymentBehavior: stripego.String("error_if_incomplete"),
	}
	if !in.At.IsZero() {
		params.ProrationDate = stripego.Int64(in.At.Unix())
	}
	return c.update(ctx, key, in.Subscription, params)
}

// CancelAtPeriodEnd lets a subscription end when what was paid for is used up.
func (c *Client) CancelAtPeriodEnd(ctx context.Context, key, id string) (Subscription, error) {
	return c.update(ctx, key, id, &stripego.SubscriptionParams{CancelAtPeriodEnd: stripego.Bool(true)})
}

// Resume takes CancelAtPeriodEnd back. What has ended cannot be resumed.
func (c *Client) Resume(ctx context.Context, key, id string) (Subscription, error) {
	return c.update(ctx, key, id, &stripego.SubscriptionParams{CancelAtPeriodEnd: stripego.Bool(false)})
}

func (c *Client) update(ctx context.Context, key, id string, params *stripego.SubscriptionParams) (Subscription, error) {
	if err := checkWrite(key, id); err != nil {
		return Subscription{}, err
	}
	params.Params = writing(ctx, key)
	changed, err := c.subscriptions().Update(id, params)
	if err != nil {
		return Subscription{}, c.told("changing a stripe subscription", err)
	}
	return fromSubscription(changed), nil
}

// PayFrom has a subscription collected from this payment method, whatever its customer's default is.
func (c *Client) PayFrom(ctx context.Context, key, id, method string) (Subscription, error) {
	if err := checkID(method); err != nil {
		return Subscription{}, err
	}
	return c.update(ctx, key, id, &stripego.SubscriptionParams{DefaultPaymentMethod: &method})
}

// CancelNow ends a subscription at once; nothing is paid back.
func (c *Client) CancelNow(ctx context.Context, key, id string) (Subscription, error) {
	if err := checkWrite(key, id); err != nil {
		return Subscription{}, err
	}
	ended, err := c.subscriptions().Cancel(id, &stripego.SubscriptionCancelParams{Params: writing(ctx, key)})
	if err != nil {
		return Subscription{}, c.told("canceling a stripe subscription", err)
	}
	return fromSubscription(ended), nil
}

// Price reads what something costs.
func (c *Client) Price(ctx context.Context, id string) (Price, error) {
	if err := checkID(id); err != nil {
		return Price{}, err
	}
	client := price.Client{B: c.backend, Key: c.key}
	found, err := client.Get(id, &stripego.PriceParams{Params: reading(ctx)})
	if err != nil {
		return Price{}, c.told("reading a stripe price", err)
	}
	return fromPrice(found), nil
}

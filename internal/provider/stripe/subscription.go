package stripe

import (
	"context"
	"fmt"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/subscription"
)

// SubscriptionStatus is the vendor's.
type SubscriptionStatus string

// All there are.
const (
	Incomplete         SubscriptionStatus = "incomplete"
	IncompleteExpired  SubscriptionStatus = "incomplete_expired"
	Trialing           SubscriptionStatus = "trialing"
	Active             SubscriptionStatus = "active"
	PastDue            SubscriptionStatus = "past_due"
	Canceled           SubscriptionStatus = "canceled"
	SubscriptionUnpaid SubscriptionStatus = "unpaid"
	Paused             SubscriptionStatus = "paused"
)

// Subscription is what a customer pays for again and again.
type Subscription struct {
	ID                   string
	Customer             string
	Status               SubscriptionStatus
	Items                []Item
	CurrentPeriodStart   time.Time
	CurrentPeriodEnd     time.Time
	CancelAtPeriodEnd    bool
	CancelAt             time.Time // zero: it goes on
	CanceledAt           time.Time // when somebody said so
	EndedAt              time.Time // when it was over
	TrialStart, TrialEnd time.Time
	CollectionPaused     bool // invoices are made and not collected
	Currency             string
	LatestInvoice        string
	DefaultPaymentMethod string
	Metadata             map[string]string
	Created              time.Time
}

// Item is a part of a subscription; ours have one.
type Item struct {
	ID       string
	Price    Price
	Quantity int64
}

// Price is what something costs. Amount is 0 where the price is in tiers or in fractions of a cent.
type Price struct {
	ID            string
	Active        bool
	Product       string
	Amount        int64 // in the currency's smallest unit
	Currency      string
	Interval      string // day, week, month, year; empty: paid once
	IntervalCount int64
}

func fromPrice(p *stripego.Price) Price {
	if p == nil {
		return Price{}
	}
	out := Price{ID: p.ID, Active: p.Active, Amount: p.UnitAmount, Currency: string(p.Currency)}
	if p.Product != nil {
		out.Product = p.Product.ID
	}
	if p.Recurring != nil {
		out.Interval, out.IntervalCount = string(p.Recurring.Interval), p.Recurring.IntervalCount
	}
	return out
}

func fromSubscription(s *stripego.Subscription) Subscription {
	out := Subscription{
		ID: s.ID, Status: SubscriptionStatus(s.Status), CurrentPeriodStart: at(s.CurrentPeriodStart), CurrentPeriodEnd: at(s.CurrentPeriodEnd),
		CancelAtPeriodEnd: s.CancelAtPeriodEnd, CancelAt: at(s.CancelAt), CanceledAt: at(s.CanceledAt), EndedAt: at(s.EndedAt),
		TrialStart: at(s.TrialStart), TrialEnd: at(s.TrialEnd), CollectionPaused: s.PauseCollection != nil,
		Currency: string(s.Currency), Metadata: s.Metadata, Created: at(s.Created),
	}
	if s.Customer != nil {
		out.Customer = s.Customer.ID
	}
	if s.LatestInvoice != nil {
		out.LatestInvoice = s.LatestInvoice.ID
	}
	if s.DefaultPaymentMethod != nil {
		out.DefaultPaymentMethod = s.DefaultPaymentMethod.ID
	}
	if s.Items != nil {
		for _, item := range s.Items.Data {
			out.Items = append(out.Items, Item{ID: item.ID, Price: fromPrice(item.Price), Quantity: item.Quantity})
		}
	}
	return out
}

// Subscription reads one; canceled ones are there for good.
func (c *Client) Subscription(ctx context.Context, id string) (Subscription, error) {
	if err := checkID(id); err != nil {
		return Subscription{}, err
	}
	found, err := c.subscriptions().Get(id, &stripego.SubscriptionParams{Params: reading(ctx)})
	if err != nil {
		return Subscription{}, c.told("reading a stripe subscription", err)
	}
	return fromSubscription(found), nil
}

// Subscriptions are all that a customer has and had, newest first.
func (c *Client) Subscriptions(ctx context.Context, customer string) ([]Subscription, error) {
	if err := checkID(customer); err != nil {
		return nil, err
	}
	list := c.subscriptions().List(&stripego.SubscriptionListParams{ListParams: listing(ctx), Customer: &customer, Status: stripego.String("all")})
	var all []Subscription
	for list.Next() {
		if len(all) == maxListed {
			return nil, fmt.Errorf("listing stripe subscriptions: %w", errTooBig)
		}
		all = append(all, fromSubscription(list.Subscription()))
	}
	return all, c.told("listing stripe subscriptions", list.Err())
}

// SubscriptionPage is a page of all that the account has and had, of every customer.
func (c *Client) SubscriptionPage(ctx context.Context, page Page) (all []Subscription, more bool, err error) {
	list := c.subscriptions().List(&stripego.SubscriptionListParams{ListParams: page.params(ctx), Status: stripego.String("all")})
	for list.Next() {
		all = append(all, fromSubscription(list.Subscription()))
	}
	if err := list.Err(); err != nil {
		return nil, false, c.told("listing stripe subscriptions", err)
	}
	return all, list.Meta().HasMore, nil
}

func (c *Client) subscriptions() subscription.Client {
	return subscription.Client{B: c.backend, Key: c.key}
}

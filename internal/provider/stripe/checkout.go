package stripe

import (
	"context"
	"fmt"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	portal "github.com/stripe/stripe-go/v76/billingportal/session"
	"github.com/stripe/stripe-go/v76/checkout/session"
)

// SessionStatus is how far a checkout is. Complete is not yet paid: see PaymentStatus.
type SessionStatus string

// All there are.
const (
	SessionOpen     SessionStatus = "open"
	SessionComplete SessionStatus = "complete"
	SessionExpired  SessionStatus = "expired"
)

// PaymentStatus says whether the money of a checkout has come; some ways to pay take days.
type PaymentStatus string

// All there are.
const (
	Paid              PaymentStatus = "paid"
	Unpaid            PaymentStatus = "unpaid"
	NoPaymentRequired PaymentStatus = "no_payment_required"
)

// Session is a checkout.
type Session struct {
	ID                string
	URL               string // where it is paid; empty once it is not open
	Status            SessionStatus
	PaymentStatus     PaymentStatus
	Customer          string
	Subscription      string // empty until it is complete
	ClientReferenceID string
	Metadata          map[string]string
	Created           time.Time
	ExpiresAt         time.Time
}

func fromSession(s *stripego.CheckoutSession) Session {
	out := Session{
		ID: s.ID, URL: s.URL, Status: SessionStatus(s.Status), PaymentStatus: PaymentStatus(s.PaymentStatus),
		ClientReferenceID: s.ClientReferenceID, Metadata: s.Metadata, Created: at(s.Created), ExpiresAt: at(s.ExpiresAt),
	}
	if s.Customer != nil {
		out.Customer = s.Customer.ID
	}
	if s.Subscription != nil {
		out.Subscription = s.Subscription.ID
	}
	return out
}

// NewSession says what is bought and where the buyer goes afterwards.
type NewSession struct {
	Customer              string
	Price                 string
	SuccessURL, CancelURL string // "{CHECKOUT_SESSION_ID}" in them becomes the session's id
	ClientReferenceID     string
	Metadata              map[string]string // of the session and of the subscription that comes of it
	TrialDays             int
	PromotionCodes        bool
	ExpiresAt             time.Time // 30 minutes to 24 hours from now; zero: the vendor's 24 hours
}

// Checkout opens a page on which a subscription to one price is bought.
func (c *Client) Checkout(ctx context.Context, key string, in NewSession) (Session, error) {
	if err := checkWrite(key, in.Customer, in.Price); err != nil {
		return Session{}, err
	}
	subscription := &stripego.CheckoutSessionSubscriptionDataParams{Metadata: in.Metadata} // the vendor does not copy the session's
	if in.TrialDays > 0 {
		subscription.TrialPeriodDays = stripego.Int64(int64(in.TrialDays))
	}
	params := &stripego.CheckoutSessionParams{
		Params: writing(ctx, key), Mode: stripego.String(string(stripego.CheckoutSessionModeSubscription)), Customer: &in.Customer,
		LineItems:  []*stripego.CheckoutSessionLineItemParams{{Price: &in.Price, Quantity: stripego.Int64(1)}},
		SuccessURL: &in.SuccessURL, CancelURL: &in.CancelURL, ClientReferenceID: orNil(in.ClientReferenceID), Metadata: in.Metadata,
		SubscriptionData: subscription,
	}
	if in.PromotionCodes {
		params.AllowPromotionCodes = stripego.Bool(true)
	}
	if !in.ExpiresAt.IsZero() {
		params.ExpiresAt = stripego.Int64(in.ExpiresAt.Unix())
	}
	made, err := c.sessions().New(params)
	if err != nil {
		return Session{}, c.told("opening a stripe checkout", err)
	}
	return fromSession(made), nil
}

// Session reads a checkout.
func (c *Client) Session(ctx context.Context, id string) (Session, error) {
	if err := checkID(id); err != nil {
		return Session{}, err
	}
	found, err := c.sessions().Get(id, &stripego.CheckoutSessionParams{Params: reading(ctx)})
	if err != nil {
		return Session{}, c.told("reading a stripe checkout", err)
	}
	return fromSession(found), nil
}

// OpenSessions are a customer's checkouts that can still be paid.
func (c *Client) OpenSessions(ctx context.Context, customer string) ([]Session, error) {
	if err := checkID(customer); err != nil {
		return nil, err
	}
	list := c.sessions().List(&stripego.CheckoutSessionListParams{ListParams: listing(ctx), Customer: &customer, Status: stripego.String(string(SessionOpen))})
	var open []Session
	for list.Next() {
		if len(open) == maxListed {
			return nil, fmt.Errorf("listing stripe checkouts: %w", errTooBig)
		}
		open = append(open, fromSession(list.CheckoutSession()))
	}
	return open, c.told("listing stripe checkouts", list.Err())
}

// ExpireSession closes a checkout. One that is not open any more is refused: read it then.
func (c *Client) ExpireSession(ctx context.Context, key, id string) (Session, error) {
	if err := checkWrite(key, id); err != nil {
		return Session{}, err
	}
	closed, err := c.sessions().Expire(id, &stripego.CheckoutSessionExpireParams{Params: writing(ctx, key)})
	if err != nil {
		return Session{}, c.told("expiring a stripe checkout", err)
	}
	return fromSession(closed), nil
}

// Portal opens the page on which a customer looks after cards, invoices and the subscription. Its address
// lives for minutes.
func (c *Client) Portal(ctx context.Context, key, customer, returnURL string) (url string, err error) {
	if err := checkWrite(key, customer); err != nil {
		return "", err
	}
	client := portal.Client{B: c.backend, Key: c.key}
	opened, err := client.New(&stripego.BillingPortalSessionParams{Params: writing(ctx, key), Customer: &customer, ReturnURL: orNil(returnURL)})
	if err != nil {
		return "", c.told("opening the stripe portal", err)
	}
	return opened.URL, nil
}

func (c *Client) sessions() session.Client { return session.Client{B: c.backend, Key: c.key} }

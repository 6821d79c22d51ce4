package billing

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// CheckoutInput says what is to be bought.
type CheckoutInput struct {
	OrganizationID ids.ID
	PriceID        ids.ID // ours
	ReturnPath     string
	ReturnOrigin   *string
	IdempotencyKey string
}

// operationField is the word of a checkout's metadata that says which operation opened it.
const operationField = "operation_id"

// Checkout opens a page on which a subscription is bought. While a page is open or paid there is no other:
// an open one is closed first, and what was bought on it forbids the next. Errors: NotFound, Forbidden below
// Admin, Invalid, Conflict where there is a subscription already, Expired for a key whose page is over.
func (s *Service) Checkout(ctx context.Context, viewer access.Viewer, in CheckoutInput) (*string, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	back, sold, err := s.checkCheckout(in)
	if err != nil {
		return nil, err
	}
	var page string
	err = s.during(ctx, scope.OrganizationID, func(ctx context.Context, t turn) error {
		op, err := s.open(ctx, scope, asked{action: openCheckout, target: sold.StripeID, key: &in.IdempotencyKey, returnURL: back.String()})
		if err != nil {
			return err
		}
		page, err = s.page(ctx, scope, t, op, back)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &page, nil
}

func (s *Service) checkCheckout(in CheckoutInput) (*url.URL, Sold, error) {
	if err := checkKey(in.IdempotencyKey); err != nil {
		return nil, Sold{}, err
	}
	sold, known := s.rules.price(in.PriceID)
	if !known {
		return nil, Sold{}, fault.Invalid("priceId", "This is none of the prices of our plans.")
	}
	back, err := s.back(in.ReturnPath, in.ReturnOrigin)
	return back, sold, err
}

// page is the one that the operation opened already, or a new one.
func (s *Service) page(ctx context.Context, scope access.Scope, t turn, op *db.BeginBillingOperationRow, back *url.URL) (string, error) {
	if op.SessionID != nil {
		return s.same(ctx, op)
	}
	customer, err := s.livingCustomer(ctx, scope, t)
	if err != nil {
		return "", err
	}
	lost, err := s.close(ctx, op, customer)
	if err != nil {
		return "", err
	}
	if err := s.none(ctx, t); err != nil {
		return "", err
	}
	if lost != nil {
		return lost.URL, s.keep(ctx, op, *lost)
	}
	opened, err := s.buy(ctx, scope, op, customer, back)
	if err != nil {
		return "", err
	}
	return opened.URL, s.keep(ctx, op, opened)
}

// buy opens the page.
func (s *Service) buy(ctx context.Context, scope access.Scope, op *db.BeginBillingOperationRow, customer string, back *url.URL) (opened stripe.Session, err error) {
	metadata := map[string]string{ownerField: scope.OrganizationID.String(), operationField: op.ID.String()}
	err = s.write(ctx, op, func(key string) (err error) {
		opened, err = s.stripe.Checkout(ctx, key, stripe.NewSession{
			Customer: customer, Price: op.Target, ClientReferenceID: scope.OrganizationID.String(), Metadata: metadata, PromotionCodes: true,
			SuccessURL: told(*back, "checkout=success&session_id={CHECKOUT_SESSION_ID}"), CancelURL: told(*back, "checkout=canceled"),
		})
		return err
	}, func() (bool, error) {
		mine, err := s.mine(ctx, op, customer)
		if mine != nil {
			opened = *mine
		}
		return mine != nil, err
	})
	return opened, err
}

// same gives the page of an operation that is repeated.
func (s *Service) same(ctx context.Context, op *db.BeginBillingOperationRow) (string, error) {
	said, err := s.stripe.Session(ctx, *op.SessionID)
	if err != nil && !stripe.NotFound(err) {
		return "", err
	}
	switch said.Status {
	case stripe.SessionOpen:
		return *op.SessionUrl, nil
	case stripe.SessionComplete:
		return "", fault.InvalidState("This checkout is done. Its subscription appears in a moment.")
	}
	return "", fault.Expired("This checkout is over. Begin another one, under another key.")
}

// mine finds the page that an operation opened and whose address was lost on the way.
func (s *Service) mine(ctx context.Context, op *db.BeginBillingOperationRow, customer string) (*stripe.Session, error) {
	open, err := s.stripe.OpenSessions(ctx, customer)
	for _, each := range open {
		if each.Metadata[operationField] == op.ID.String() {
			return &each, nil
		}
	}
	return nil, err
}

// close ends the pages that are open, so that only one can be paid. The operation's own, whose address was
// lost, is given back instead. One that was paid in this moment cannot be closed: its subscription is found
// afterwards.
func (s *Service) close(ctx context.Context, op *db.BeginBillingOperationRow, customer string) (own *stripe.Session, err error) {
	open, err := s.stripe.OpenSessions(ctx, customer)
	if err != nil {
		return nil, err
	}
	for _, each := range open {
		if each.Metadata[operationField] == op.ID.String() {
			own = &each
			continue
		}
		if _, err := s.stripe.ExpireSession(ctx, stripeKey(op)+"-close-"+each.ID, each.ID); err != nil {
			said, looked := s.stripe.Session(ctx, each.ID)
			if looked != nil || said.Status == stripe.SessionOpen {
				return nil, errors.Join(err, looked, s.another(ctx, op, err))
			}
		}
	}
	return own, nil
}

// none refuses where a subscription lives, by what Stripe says now.
func (s *Service) none(ctx context.Context, t turn) error {
	if _, err := s.refresh(ctx, t, wanted{}); err != nil {
		return err
	}
	rows, err := s.store.ListBillingSubscriptions(ctx, t.organization)
	if err != nil {
		return fmt.Errorf("reading the subscriptions: %w", err)
	}
	for _, r := range rows {
		if !Status(r.Status).over() {
			return fault.Conflict("There is a subscription already. Change its plan instead of buying another one.")
		}
	}
	return nil
}

// keep stores the page of an operation, which is open until it is paid or over: see the sweep.
func (s *Service) keep(ctx context.Context, op *db.BeginBillingOperationRow, opened stripe.Session) error {
	ctx, cancel := after(ctx)
	defer cancel()
	if err := s.store.OpenBillingSession(ctx, db.OpenBillingSessionParams{ID: op.ID, SessionID: &opened.ID, SessionUrl: &opened.URL}); err != nil {
		return fmt.Errorf("storing a checkout: %w", err)
	}
	return nil
}

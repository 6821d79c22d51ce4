package billing

import (
	"context"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// SetDefault has the invoices collected from this payment method: the customer's, and the subscription's, which
// has one of its own since its checkout. Errors: NotFound, Forbidden below Admin.
func (s *Service) SetDefault(ctx context.Context, viewer access.Viewer, id ids.ID) (*PaymentMethod, error) {
	row, scope, err := s.method(ctx, viewer, id)
	if err != nil {
		return nil, err
	}
	err = s.withMethod(ctx, scope, setDefault, row, func(ctx context.Context, key, customer string) error {
		if _, err := s.stripe.SetDefault(ctx, key, customer, row.StripeID); err != nil {
			return err
		}
		paying, err := s.paying(ctx, customer, row.StripeID)
		if err != nil || paying == nil {
			return err
		}
		_, err = s.stripe.PayFrom(ctx, key+"-subscription", paying.ID, row.StripeID)
		return err
	}, func(ctx context.Context, customer string) (bool, error) {
		said, err := s.stripe.Customer(ctx, customer)
		if err != nil || said.DefaultPaymentMethod != row.StripeID {
			return false, err
		}
		paying, err := s.paying(ctx, customer, row.StripeID)
		return paying == nil, err
	})
	if err != nil {
		return nil, err
	}
	if row, _, err = s.method(ctx, viewer, id); err != nil { // it may be gone at Stripe
		return nil, err
	}
	return methodFrom(row), nil
}

// paying is the subscription that lives and is collected from something else; nil: there is none.
func (s *Service) paying(ctx context.Context, customer, method string) (*stripe.Subscription, error) {
	all, err := s.stripe.Subscriptions(ctx, customer)
	if err != nil {
		return nil, err
	}
	current := view{subscriptions: all}.current(s.rules)
	if current == nil || current.DefaultPaymentMethod == "" || current.DefaultPaymentMethod == method {
		return nil, nil
	}
	return current, nil
}

// Detach takes a payment method away, for good, and gives it back as it was. Errors: NotFound, Forbidden
// below Admin, InvalidState for the one that a subscription is paid with.
func (s *Service) Detach(ctx context.Context, viewer access.Viewer, id ids.ID) (*PaymentMethod, error) {
	row, scope, err := s.method(ctx, viewer, id)
	if err != nil {
		return nil, err
	}
	if row.IsDefault {
		switch _, err := s.running(ctx, scope); {
		case err == nil:
			return nil, fault.InvalidState("The subscription is paid with this one. Make another one the default first.")
		case !fault.Is(err, fault.CodeInvalidState):
			return nil, err
		}
	}
	err = s.withMethod(ctx, scope, detach, row, func(ctx context.Context, key, _ string) error {
		_, err := s.stripe.Detach(ctx, key, row.StripeID)
		return err
	}, func(ctx context.Context, _ string) (bool, error) {
		said, err := s.stripe.PaymentMethod(ctx, row.StripeID)
		return err == nil && said.Customer == "", err
	})
	if err != nil {
		return nil, err
	}
	return methodFrom(row), nil
}

// method finds one that the viewer may change.
func (s *Service) method(ctx context.Context, viewer access.Viewer, id ids.ID) (*db.BillingPaymentMethod, access.Scope, error) {
	if !viewer.SignedIn() {
		return nil, access.Scope{}, fault.Unauthenticated()
	}
	if !id.Is(ids.PaymentMethod) {
		return nil, access.Scope{}, fault.NotFound("payment method")
	}
	row, err := s.store.GetBillingPaymentMethod(ctx, id.UUID, viewer.Organizations())
	if postgres.Missing(err) {
		return nil, access.Scope{}, fault.NotFound("payment method")
	}
	if err != nil {
		return nil, access.Scope{}, fmt.Errorf("reading the payment method: %w", err)
	}
	scope, err := viewer.Scope(ids.Of(ids.Organization, row.OrganizationID), access.Admin)
	return row, scope, err
}

// withMethod does a write after which a payment method is as wanted, unless it is so already.
func (s *Service) withMethod(ctx context.Context, scope access.Scope, a action, row *db.BillingPaymentMethod,
	do func(ctx context.Context, key, customer string) error, is func(ctx context.Context, customer string) (bool, error),
) error {
	return s.during(ctx, scope.OrganizationID, func(ctx context.Context, t turn) error {
		customer, err := s.store.GetCurrentBillingCustomer(ctx, scope.OrganizationID)
		if postgres.Missing(err) {
			return fault.NotFound("payment method")
		}
		if err != nil {
			return fmt.Errorf("reading the customer's id: %w", err)
		}
		already, err := is(ctx, customer.ID)
		if err == nil && !already {
			err = s.writeMethod(ctx, scope, asked{action: a, target: row.StripeID}, func(key string) error { return do(ctx, key, customer.ID) }, func() (bool, error) { return is(ctx, customer.ID) })
		}
		if err != nil && !stripe.NotFound(err) { // one that is not there any more is found so by the read
			return err
		}
		_, err = s.refresh(ctx, t, wanted{})
		return err
	})
}

func (s *Service) writeMethod(ctx context.Context, scope access.Scope, a asked, send func(string) error, did func() (bool, error)) error {
	op, err := s.open(ctx, scope, a)
	if err != nil {
		return err
	}
	return s.write(ctx, op, send, did)
}

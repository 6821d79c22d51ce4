package billing

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// ownerField is the word of a customer's metadata that says whose it is.
const ownerField = "organization_id"

// livingCustomer is ensureCustomer for a purchase: one that was deleted at Stripe, without our having heard of
// it, could buy nothing until the next comparison.
func (d desk) livingCustomer(ctx context.Context, scope access.Scope, t turn) (string, error) {
	id, err := d.ensureCustomer(ctx, scope)
	if err != nil {
		return "", err
	}
	said, err := d.stripe.Customer(ctx, id)
	if err != nil || !said.Deleted {
		return id, err
	}
	if _, err := d.refresh(ctx, t, wanted{}); err != nil {
		return "", err
	}
	return d.ensureCustomer(ctx, scope)
}

// ensureCustomer gives the organization's one customer, and makes it when there is none.
func (d desk) ensureCustomer(ctx context.Context, scope access.Scope) (string, error) {
	row, err := d.store.GetCurrentBillingCustomer(ctx, scope.OrganizationID)
	if err == nil {
		return row.ID, nil
	}
	if !postgres.Missing(err) {
		return "", fmt.Errorf("reading the customer's id: %w", err)
	}
	email, err := d.email(ctx, scope.UserID)
	if err != nil {
		return "", err
	}
	op, err := d.open(ctx, scope, asked{action: makeCustomer, target: email})
	if err != nil {
		return "", err
	}
	var id string
	owner := scope.OrganizationID.String()
	err = d.write(ctx, op, func(key string) error {
		made, err := d.stripe.EnsureCustomer(ctx, key, stripe.NewCustomer{Email: email, Metadata: map[string]string{ownerField: owner}})
		id = made.ID
		return err
	}, func() (bool, error) {
		seen, err := d.stripe.FindCustomers(ctx, email, ownerField, owner)
		if err != nil || len(seen) == 0 {
			return false, err
		}
		id = seen[len(seen)-1].ID
		return true, nil
	})
	if err != nil {
		return "", err
	}
	return id, d.adopt(ctx, scope.OrganizationID, id)
}

// adopt stores whose a customer is. A second one is left alone and told of: its subscription would be a
// second one too.
func (d desk) adopt(ctx context.Context, organization uuid.UUID, customer string) error {
	if _, err := d.store.InsertBillingCustomer(ctx, customer, organization); err != nil {
		return fmt.Errorf("storing the customer: %w", err)
	}
	row, err := d.store.GetCurrentBillingCustomer(ctx, organization)
	if err != nil {
		return fmt.Errorf("reading the customer's id: %w", err)
	}
	if row.ID == customer {
		return nil
	}
	return d.report(ctx, incident{kind: SecondCustomer, thing: customer, organization: organization}, map[string]string{"customer": customer, "beside": row.ID})
}

func (d desk) email(ctx context.Context, user uuid.UUID) (string, error) {
	rows, err := d.store.ListUsers(ctx, []uuid.UUID{user})
	if err != nil {
		return "", fmt.Errorf("reading the address of who pays: %w", err)
	}
	if len(rows) == 0 { // deleted in this moment
		return "", fault.Unauthenticated()
	}
	return rows[0].Email, nil
}

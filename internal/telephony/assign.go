package telephony

import (
	"context"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Numbers is the operator's door, who has the account at the provider.
type Numbers struct{ store *postgres.Store }

// NewNumbers makes it.
func NewNumbers(store *postgres.Store) *Numbers { return &Numbers{store: store} }

// Assigned is a number and whose it is.
type Assigned struct {
	Number string
	Label  *string
	Slug   string
}

// Assign gives a number to an organization; again, it changes nothing. Errors: Invalid, Conflict for a number
// of another organization or an organization that is not there.
func (n *Numbers) Assign(ctx context.Context, slug, number string, label *string) error {
	number, err := own(number)
	if err != nil {
		return err
	}
	if label != nil && !readable(*label, maxLabel) {
		return fault.Invalid("label", "Give a label of 1 to %d characters, or none.", maxLabel)
	}
	return n.store.InTx(ctx, func(tx *postgres.Tx) error {
		before, err := tx.LockPhoneNumber(ctx, number)
		fresh := postgres.Missing(err)
		if err != nil && !fresh {
			return fmt.Errorf("reading a number: %w", err)
		}
		row, err := tx.AssignPhoneNumber(ctx, db.AssignPhoneNumberParams{ID: ids.New(ids.PhoneNumber).UUID, Slug: slug, Number: number, Label: label})
		if postgres.Missing(err) {
			return fault.Conflict("There is no organization %s, or the number is another's.", slug)
		}
		if err != nil {
			return fmt.Errorf("assigning a number: %w", err)
		}
		if fresh {
			return assigned(ctx, tx, row.OrganizationID, map[string]string{"numberAdded": row.Number})
		}
		if detail := changeOf(before, row); len(detail) > 0 {
			return assigned(ctx, tx, row.OrganizationID, detail)
		}
		return nil
	})
}

// Remove takes a number away from whoever has it. Errors: Invalid, NotFound.
func (n *Numbers) Remove(ctx context.Context, number string) error {
	number, err := own(number)
	if err != nil {
		return err
	}
	return n.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.RemovePhoneNumber(ctx, number)
		if err != nil {
			return postgres.NotFound(err, "phone number")
		}
		return assigned(ctx, tx, row.OrganizationID, map[string]string{"numberRemoved": row.Number})
	})
}

// List is every number.
func (n *Numbers) List(ctx context.Context) ([]Assigned, error) {
	rows, err := n.store.ListAllPhoneNumbers(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing numbers: %w", err)
	}
	list := make([]Assigned, len(rows))
	for i, r := range rows {
		list[i] = Assigned(*r)
	}
	return list, nil
}

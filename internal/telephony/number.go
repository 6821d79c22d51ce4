package telephony

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// PhoneNumber is a number of an organization. It comes to it by the operator, who pays for it: the provider's
// account is one for all organizations, so that a number which a member types in proves nothing.
type PhoneNumber struct {
	ID             ids.ID
	OrganizationID ids.ID
	Number         string // E.164
	Label          *string
	ForwardTo      *string // who is connected with whoever is on the line; nil: nobody
}

// maxLabel fits a line of a menu.
const maxLabel = 100

// Number finds one in the viewer's organizations. Error: NotFound.
func (s *Service) Number(ctx context.Context, viewer access.Viewer, id ids.ID) (*PhoneNumber, error) {
	if !id.Is(ids.PhoneNumber) {
		return nil, fault.NotFound("phone number")
	}
	row, err := s.store.GetPhoneNumber(ctx, id.UUID, viewer.Organizations())
	if err != nil {
		return nil, postgres.NotFound(err, "phone number")
	}
	found := numberFromRow(row)
	return &found, viewer.Enter(row.OrganizationID)
}

// NumberChange is what an update may change; what is nil stays.
type NumberChange struct {
	ID        ids.ID
	Label     *Optional[string]
	ForwardTo *Optional[string]
}

// UpdateNumber changes what a number is called and who is connected with its callers. Errors: NotFound,
// Forbidden below Admin, Invalid, LimitExceeded for a country that is not allowed.
func (s *Service) UpdateNumber(ctx context.Context, viewer access.Viewer, c NumberChange) (*PhoneNumber, error) {
	if !viewer.SignedIn() {
		return nil, fault.Unauthenticated()
	}
	found, err := s.Number(ctx, viewer, c.ID)
	if err != nil {
		return nil, err
	}
	scope, err := viewer.Scope(found.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	rules, err := settings(s.store.GetTelephonySettings(ctx, scope.OrganizationID))
	if err != nil {
		return nil, err
	}
	params, err := c.params(scope.OrganizationID, found.Number, rules)
	if err != nil {
		return nil, err
	}
	var changed PhoneNumber
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := elsewhere(ctx, tx, params); err != nil {
			return err
		}
		before, err := tx.LockPhoneNumber(ctx, found.Number)
		if err != nil {
			return postgres.NotFound(err, "phone number")
		}
		row, err := tx.UpdatePhoneNumber(ctx, params)
		if err != nil {
			return postgres.NotFound(err, "phone number")
		}
		changed = numberFromRow(row)
		return updated(ctx, tx, scope, changeOf(before, row))
	})
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

// elsewhere refuses to forward to a number of the same organization, with which nobody would be connected. Another
// organization's looks like any number here: whose it is, is nobody's business. Error: Invalid.
func elsewhere(ctx context.Context, tx *postgres.Tx, p db.UpdatePhoneNumberParams) error {
	if p.ForwardTo == nil {
		return nil
	}
	rows, err := tx.ListPhoneNumbers(ctx, p.OrganizationID)
	if err != nil {
		return fmt.Errorf("reading the numbers: %w", err)
	}
	for _, row := range rows {
		if row.Number == *p.ForwardTo {
			return fault.Invalid("forwardTo", "Give a number outside of this service: its own numbers cannot be forwarded to.")
		}
	}
	return nil
}

func (c NumberChange) params(organization uuid.UUID, from string, rules Settings) (db.UpdatePhoneNumberParams, error) {
	p := db.UpdatePhoneNumberParams{ID: c.ID.UUID, OrganizationID: organization}
	if c.Label != nil {
		if p.SetLabel, p.Label = true, c.Label.Value; p.Label != nil && !readable(*p.Label, maxLabel) {
			return p, fault.Invalid("label", "Give a label of 1 to %d characters, or null for none.", maxLabel)
		}
	}
	if c.ForwardTo != nil {
		p.SetForwardTo = true
		if c.ForwardTo.Value != nil {
			to, err := dialable("forwardTo", *c.ForwardTo.Value, from, rules.AllowedCountries)
			if err != nil {
				return p, err
			}
			p.ForwardTo = &to
		}
	}
	return p, nil
}

func numberFromRow(r *db.PhoneNumber) PhoneNumber {
	return PhoneNumber{
		ID: ids.Of(ids.PhoneNumber, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID),
		Number: r.Number, Label: r.Label, ForwardTo: r.ForwardTo,
	}
}

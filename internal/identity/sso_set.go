package identity

import (
	"context"
	"fmt"
	"net/url"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// SSOConnection shows an organization's sign-on to its admins; nil where there is none. Errors: NotFound,
// Forbidden below Admin.
func (s *Service) SSOConnection(ctx context.Context, viewer access.Viewer, organization ids.ID) (*SSO, error) {
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return nil, err
	}
	row, err := s.store.GetSSOConnection(ctx, scope.OrganizationID)
	if postgres.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sign-on: %w", err)
	}
	return shownSSO(row), nil
}

func shownSSO(r *db.SSOConnection) *SSO {
	return &SSO{OrganizationID: ids.Of(ids.Organization, r.OrganizationID), Issuer: r.Issuer, ClientID: r.ClientID, Require: r.RequireSso, UpdatedAt: r.UpdatedAt}
}

// SetSSO sets an organization's sign-on. It can be required once a domain is verified: else nobody could be
// kept from another way in, and an owner who errs could not be let in again. Errors: NotFound, Forbidden below
// Owner, Invalid, InvalidState.
func (s *Service) SetSSO(ctx context.Context, viewer access.Viewer, in SSOInput) (*SSO, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Owner)
	if err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	var set *SSO
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := s.requirable(ctx, tx, scope, in); err != nil {
			return err
		}
		sealed, err := s.secretOf(ctx, tx, scope, in)
		if err != nil {
			return err
		}
		row, err := tx.UpsertSSOConnection(ctx, db.UpsertSSOConnectionParams{
			ID: uuid.Must(uuid.NewV7()), OrganizationID: scope.OrganizationID, Issuer: in.Issuer, ClientID: in.ClientID, ClientSecret: sealed, RequireSso: in.Require,
		})
		if err != nil {
			return fmt.Errorf("setting the sign-on: %w", err)
		}
		if err := s.closeOtherWays(ctx, tx, viewer, row); err != nil {
			return err
		}
		set = shownSSO(row)
		d := detail{"issuer": in.Issuer, "clientId": in.ClientID, "required": fmt.Sprint(in.Require)}
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.SSOChanged, in.OrganizationID, d)
	})
	if err != nil {
		return nil, err
	}
	return set, nil
}

func (s *Service) requirable(ctx context.Context, tx *postgres.Tx, scope access.Scope, in SSOInput) error {
	if !in.Require {
		return nil
	}
	all, err := tx.ListSSODomains(ctx, scope.OrganizationID)
	if err != nil {
		return fmt.Errorf("reading domains: %w", err)
	}
	for _, d := range all {
		if d.VerifiedAt != nil {
			return nil
		}
	}
	return fault.InvalidState("Verify a domain first: the sign-on is required of its addresses.")
}

// closeOtherWays ends what was opened in other ways where the sign-on is required, but not the session of who does
// this: they see at once whether the new way works.
func (s *Service) closeOtherWays(ctx context.Context, tx *postgres.Tx, viewer access.Viewer, row *db.SSOConnection) error {
	if !row.RequireSso {
		return nil
	}
	ended, err := tx.RemoveOtherSessions(ctx, viewer.SessionID, row.OrganizationID)
	if err != nil {
		return fmt.Errorf("ending the sessions of other ways in: %w", err)
	}
	tx.WakeAfterCommit(ended...)
	return nil
}

// secretOf seals the new secret, or keeps the one that is there. It does not follow to another issuer or
// client: whoever runs that one must not get it.
func (s *Service) secretOf(ctx context.Context, tx *postgres.Tx, scope access.Scope, in SSOInput) ([]byte, error) {
	if in.ClientSecret != nil {
		return s.seal.close([]byte(*in.ClientSecret), scope.OrganizationID[:])
	}
	row, err := tx.GetSSOConnection(ctx, scope.OrganizationID)
	if err != nil && !postgres.Missing(err) {
		return nil, fmt.Errorf("reading the sign-on: %w", err)
	}
	if err != nil || row.Issuer != in.Issuer || row.ClientID != in.ClientID {
		return nil, fault.Invalid("clientSecret", "Give the client's secret.")
	}
	return row.ClientSecret, nil
}

// RemoveSSO ends an organization's sign-on. Errors: NotFound, Forbidden below Owner.
func (s *Service) RemoveSSO(ctx context.Context, viewer access.Viewer, organization ids.ID) (*ids.ID, error) {
	scope, err := viewer.Scope(organization, access.Owner)
	if err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if n, err := tx.RemoveSSOConnection(ctx, scope.OrganizationID); err != nil {
			return fmt.Errorf("removing the sign-on: %w", err)
		} else if n == 0 {
			return fault.NotFound("sign-on")
		}
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.SSORemoved, organization, nil)
	})
	return given(organization, err)
}

// check wants an issuer that speaks https, as its word decides who gets in.
func (in SSOInput) check() error {
	address, err := url.Parse(in.Issuer)
	plain := err == nil && address.Scheme == "http" && (address.Hostname() == "127.0.0.1" || address.Hostname() == "localhost")
	if err != nil || len(in.Issuer) > 500 || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" || address.Scheme != "https" && !plain {
		return fault.Invalid("issuer", "Give the issuer's address, as in https://login.example.com.")
	}
	if len(in.ClientID) == 0 || len(in.ClientID) > 500 {
		return fault.Invalid("clientId", "Give the client's id.")
	}
	if in.ClientSecret != nil && (len(*in.ClientSecret) == 0 || len(*in.ClientSecret) > 2000) {
		return fault.Invalid("clientSecret", "Give the client's secret.")
	}
	return nil
}

// picture says whether an address may be shown as somebody's picture.
func picture(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && len(address) <= 2000
}

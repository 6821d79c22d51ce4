package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Connection is an organization's own sign-on, as the transport uses it.
type Connection struct {
	OrganizationID         ids.ID
	Issuer                 string
	ClientID, ClientSecret string
	Required               bool // people of its domains sign in by no other way
}

// SSO is an organization's own sign-on, as its admins see it: the secret is never shown.
type SSO struct {
	OrganizationID ids.ID
	Issuer         string
	ClientID       string
	Require        bool
	UpdatedAt      time.Time
}

// SSOInput sets it. Without a secret the one that is there stays, for the same issuer and client only.
type SSOInput struct {
	OrganizationID   ids.ID
	Issuer, ClientID string
	ClientSecret     *string
	Require          bool
}

// SSOFor finds the connection for an address; nil where its domain has none. The answer goes by the domain only,
// so that it is the same for everybody at it.
func (s *Service) SSOFor(ctx context.Context, email string) (*Connection, error) {
	row, err := s.store.GetSSOByDomain(ctx, domainOf(Address(email)))
	if postgres.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sign-on of a domain: %w", err)
	}
	return s.connection(row)
}

// SSOOf finds the connection of an organization; nil where it has none. It asks no viewer: it is for who comes
// back from the issuer.
func (s *Service) SSOOf(ctx context.Context, organization ids.ID) (*Connection, error) {
	row, err := s.store.GetSSOConnection(ctx, organization.UUID)
	if postgres.Missing(err) || !organization.Is(ids.Organization) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sign-on of an organization: %w", err)
	}
	return s.connection(row)
}

func (s *Service) connection(row *db.SSOConnection) (*Connection, error) {
	secret, err := s.seal.open(row.ClientSecret, row.OrganizationID[:])
	if err != nil {
		return nil, fmt.Errorf("opening a client secret: %w", err)
	}
	return &Connection{
		OrganizationID: ids.Of(ids.Organization, row.OrganizationID), Issuer: row.Issuer, ClientID: row.ClientID, ClientSecret: string(secret), Required: row.RequireSso,
	}, nil
}

// mayUse refuses every other way in where an organization requires its own. Whatever goes wrong refuses too.
func mayUse(ctx context.Context, q *db.Queries, email string) error {
	row, err := q.GetSSOByDomain(ctx, domainOf(email))
	if postgres.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("asking whether a domain has its own sign-on: %w", err)
	}
	if row.RequireSso {
		return fault.Forbidden("Your organization has its own sign-on. Sign in there.")
	}
	return nil
}

// connected refuses an address at an organization's connection that is not of a domain which it has proven: an
// issuer may say what it likes about its own people only.
func connected(ctx context.Context, tx *postgres.Tx, e External, email string) error {
	if e.Organization == (ids.ID{}) {
		return nil
	}
	row, err := tx.GetSSOByDomain(ctx, domainOf(email))
	if err != nil && !postgres.Missing(err) {
		return fmt.Errorf("reading the sign-on of a domain: %w", err)
	}
	if err != nil || row.OrganizationID != e.Organization.UUID || row.Issuer != e.Issuer {
		return fault.Forbidden("This sign-on is not for your address.")
	}
	return nil
}

func domainOf(email string) string { return email[strings.LastIndexByte(email, '@')+1:] }

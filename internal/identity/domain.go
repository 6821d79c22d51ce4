package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Lookup finds the TXT records of a name, as net.Resolver does.
type Lookup func(ctx context.Context, name string) ([]string, error)

// Domain is one whose addresses an organization wants to sign in by its own sign-on.
type Domain struct {
	Name       string
	TXTName    string // where the record has to stand
	TXTValue   string // and what it has to say
	VerifiedAt *time.Time
}

// DomainInput names a domain of an organization.
type DomainInput struct {
	OrganizationID ids.ID
	Domain         string
}

const (
	// maxDomains is more than one company has mail at.
	maxDomains = 20
	// lookupTimeout is what a person waits for; a record that is not there yet can be looked for again.
	lookupTimeout = 5 * time.Second
	// maxRecords are looked at: a zone of somebody else may answer with any number.
	maxRecords = 100
	recordName = "_switchboard."
)

var domainName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)

func domainFrom(r *db.SSODomain) Domain {
	return Domain{Name: r.Domain, TXTName: recordName + r.Domain, TXTValue: r.Challenge, VerifiedAt: r.VerifiedAt}
}

// Domains lists an organization's to its admins. Errors: NotFound, Forbidden below Admin.
func (s *Service) Domains(ctx context.Context, viewer access.Viewer, organization ids.ID) ([]Domain, error) {
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return nil, err
	}
	rows, err := s.store.ListSSODomains(ctx, scope.OrganizationID)
	if err != nil {
		return nil, fmt.Errorf("listing domains: %w", err)
	}
	list := make([]Domain, len(rows))
	for i, r := range rows {
		list[i] = domainFrom(r)
	}
	return list, nil
}

// AddDomain names a domain and says which TXT record proves it. Once more, it says the same. Errors: NotFound,
// Forbidden below Owner, Invalid, Limit.
func (s *Service) AddDomain(ctx context.Context, viewer access.Viewer, in DomainInput) (*Domain, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Owner)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(in.Domain)), ".")
	if len(name) > 253 || !domainName.MatchString(name) {
		return nil, fault.Invalid("domain", "Give a domain, as in example.com.")
	}
	var added Domain
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		all, err := tx.ListSSODomains(ctx, scope.OrganizationID)
		if err != nil {
			return fmt.Errorf("listing domains: %w", err)
		}
		if len(all) >= maxDomains {
			return fault.Conflict("An organization has at most %d domains. Remove one first.", maxDomains)
		}
		row, err := tx.InsertSSODomain(ctx, db.InsertSSODomainParams{OrganizationID: scope.OrganizationID, Domain: name, Challenge: "switchboard-domain=" + rand.Text()})
		if err != nil {
			return fmt.Errorf("naming a domain: %w", err)
		}
		added = domainFrom(row)
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.SSODomainAdded, in.OrganizationID, detail{"domain": name})
	})
	return given(added, err)
}

// VerifyDomain looks for the record. Errors: NotFound, Forbidden below Owner, InvalidState while the record does
// not say what it has to, Conflict for a domain that another organization has proven.
func (s *Service) VerifyDomain(ctx context.Context, viewer access.Viewer, in DomainInput) (*Domain, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Owner)
	if err != nil {
		return nil, err
	}
	row, err := s.store.GetSSODomain(ctx, scope.OrganizationID, in.Domain)
	if err != nil {
		return nil, postgres.NotFound(err, "domain")
	}
	if row.VerifiedAt == nil {
		if err := s.asksDNS(ctx, row); err != nil {
			return nil, err
		}
		if row, err = s.noteDomain(ctx, viewer, scope, in); err != nil {
			return nil, err
		}
	}
	verified := domainFrom(row)
	return &verified, nil
}

// asksDNS asks DNS, outside of any transaction.
func (s *Service) asksDNS(ctx context.Context, row *db.SSODomain) error {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	records, err := s.lookup(ctx, recordName+row.Domain)
	for _, record := range records[:min(len(records), maxRecords)] {
		if strings.TrimSpace(record) == row.Challenge {
			return nil
		}
	}
	missing := fault.InvalidState("There is no TXT record at %s that says %s. A new one may take a while to be seen.", recordName+row.Domain, row.Challenge)
	if err != nil {
		return missing.Because(err)
	}
	return missing
}

// noteDomain keeps that a domain is proven. Where the sign-on is required already, it is required of the people of
// this domain from now on.
func (s *Service) noteDomain(ctx context.Context, viewer access.Viewer, scope access.Scope, in DomainInput) (row *db.SSODomain, err error) {
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err = tx.VerifySSODomain(ctx, db.VerifySSODomainParams{OrganizationID: scope.OrganizationID, Domain: in.Domain, At: s.now()})
		if postgres.Violates(err, "sso_domains_verified_key") {
			return fault.Conflict("Another organization has verified this domain.")
		}
		if err != nil {
			return postgres.NotFound(err, "domain")
		}
		if set, err := tx.GetSSOConnection(ctx, scope.OrganizationID); err == nil {
			err = s.closeOtherWays(ctx, tx, viewer, set)
			if err != nil {
				return err
			}
		} else if !postgres.Missing(err) {
			return fmt.Errorf("reading the sign-on: %w", err)
		}
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.SSODomainVerified, in.OrganizationID, detail{"domain": in.Domain})
	})
	return row, err
}

// RemoveDomain lets a domain go. Errors: NotFound, Forbidden below Owner.
func (s *Service) RemoveDomain(ctx context.Context, viewer access.Viewer, in DomainInput) (*ids.ID, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Owner)
	if err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if n, err := tx.RemoveSSODomain(ctx, scope.OrganizationID, in.Domain); err != nil {
			return fmt.Errorf("removing a domain: %w", err)
		} else if n == 0 {
			return fault.NotFound("domain")
		}
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.SSODomainRemoved, in.OrganizationID, detail{"domain": in.Domain})
	})
	return given(in.OrganizationID, err)
}

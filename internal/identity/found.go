package identity

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const (
	// maxMemberships bounds what each request of a user reads, and how many organizations one can make.
	maxMemberships = 100
	// slugLength leaves room for what makes a taken slug another one.
	slugLength = 40
	// slugTries is plenty: each has 32 random bits.
	slugTries = 5
)

// CreateOrganization makes one with the viewer as its owner, and gives the viewer as they are then. Errors:
// Unauthenticated, Forbidden for an API token, Invalid, Conflict for too many.
func (s *Service) CreateOrganization(ctx context.Context, viewer access.Viewer, name string) (*Organization, access.Viewer, error) {
	if err := viewer.Person(); err != nil {
		return nil, viewer, err
	}
	name = strings.TrimSpace(name)
	if name == "" || short("name", name) != nil {
		return nil, viewer, fault.Invalid("name", "Give a name of 1 to %d characters.", maxName)
	}
	var made Organization
	var owner access.Membership
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		_, err := roomFor(ctx, tx, viewer.UserID)
		if err != nil {
			return err
		}
		made, owner, err = s.found(ctx, tx, viewer.UserID, name)
		return err
	})
	if err != nil {
		return nil, viewer, err
	}
	return &made, viewer.Joined(owner), nil
}

// roomFor locks a user, so that memberships are counted one at a time. Error: Conflict for who has too many.
func roomFor(ctx context.Context, tx *postgres.Tx, userID uuid.UUID) (*db.User, error) {
	row, err := tx.LockUser(ctx, userID)
	if err != nil {
		return nil, postgres.NotFound(err, "user")
	}
	n, err := tx.CountMemberships(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("counting memberships: %w", err)
	}
	if n >= maxMemberships {
		return nil, fault.Conflict("You belong to %d organizations. Leave one first.", n)
	}
	return row, nil
}

// found makes an organization and its owner.
func (s *Service) found(ctx context.Context, tx *postgres.Tx, owner uuid.UUID, name string) (Organization, access.Membership, error) {
	row, err := insertOrganization(ctx, tx, name)
	if err != nil {
		return Organization{}, access.Membership{}, err
	}
	m, err := tx.InsertMembership(ctx, db.InsertMembershipParams{ID: ids.New(ids.Membership).UUID, OrganizationID: row.ID, UserID: owner, Role: string(access.Owner)})
	if err != nil {
		return Organization{}, access.Membership{}, fmt.Errorf("making the owner: %w", err)
	}
	if err := register(ctx, tx, OrganizationCreated, row.ID, owner); err != nil {
		return Organization{}, access.Membership{}, err
	}
	made := organization(row)
	return made, membership(m).held(), audit(ctx, tx, row.ID, owner, activity.OrganizationCreated, made.ID, nil)
}

// insertOrganization finds a slug that is free.
func insertOrganization(ctx context.Context, tx *postgres.Tx, name string) (*db.Organization, error) {
	slug := slugOf(name)
	for range slugTries {
		row, err := tx.InsertOrganization(ctx, db.InsertOrganizationParams{ID: ids.New(ids.Organization).UUID, Name: name, Slug: slug})
		if !postgres.Missing(err) {
			if err != nil {
				err = fmt.Errorf("making the organization: %w", err)
			}
			return row, err
		}
		slug = slugOf(name) + "-" + strings.ToLower(rand.Text()[:8])
	}
	return nil, fault.Conflict("Choose another name.")
}

// slugOf makes a name fit an address.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '\'' || r == '’':
		default:
			if s := b.String(); s != "" && !strings.HasSuffix(s, "-") {
				b.WriteByte('-')
			}
		}
		if b.Len() >= slugLength {
			break
		}
	}
	if slug := strings.Trim(b.String(), "-"); slug != "" {
		return slug
	}
	return "organization"
}

// SelectOrganization remembers which one the viewer looks at, on all their devices. Errors: Unauthenticated,
// NotFound, Forbidden for an API token.
func (s *Service) SelectOrganization(ctx context.Context, viewer access.Viewer, organization ids.ID) (access.Viewer, error) {
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return viewer, err
	}
	if err := viewer.Person(); err != nil {
		return viewer, err
	}
	viewer.Chosen = scope.OrganizationID
	return viewer, s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.SelectOrganization(ctx, &scope.OrganizationID, viewer.UserID); err != nil {
			return fmt.Errorf("choosing the organization: %w", err)
		}
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.OrganizationSelected, organization, nil)
	})
}

package identity

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Seed is an organization with one member.
type Seed struct {
	Email, UserName    string
	Organization, Slug string
	Role               access.Role
	Password           string // empty: the one that is there stays, if any
}

// Seeded names what Plant made or found.
type Seeded struct{ OrganizationID, UserID ids.ID }

// Plant makes a seed, or finds it when it is there already. It asks no viewer: it is for the operator's
// command line, not for requests.
func (s *Service) Plant(ctx context.Context, seed Seed) (Seeded, error) {
	hash, err := s.seedHash(ctx, seed)
	if err != nil {
		return Seeded{}, err
	}
	var out Seeded
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		u, err := tx.UpsertUser(ctx, db.UpsertUserParams{ID: uuid.Must(uuid.NewV7()), Email: Address(seed.Email), Name: &seed.UserName})
		if err != nil {
			return fmt.Errorf("planting the user: %w", err)
		}
		if err := plantPassword(ctx, tx, u.ID, hash); err != nil {
			return err
		}
		o, err := tx.UpsertOrganization(ctx, db.UpsertOrganizationParams{ID: uuid.Must(uuid.NewV7()), Name: seed.Organization, Slug: seed.Slug})
		if err != nil {
			return fmt.Errorf("planting the organization: %w", err)
		}
		_, err = tx.UpsertMembership(ctx, db.UpsertMembershipParams{ID: uuid.Must(uuid.NewV7()), OrganizationID: o.ID, UserID: u.ID, Role: string(seed.Role)})
		if err != nil {
			return fmt.Errorf("planting the membership: %w", err)
		}
		out = Seeded{OrganizationID: ids.Of(ids.Organization, o.ID), UserID: ids.Of(ids.User, u.ID)}
		return nil
	})
	return out, err
}

func (s *Service) seedHash(ctx context.Context, seed Seed) (string, error) {
	if seed.Password == "" {
		return "", nil
	}
	if err := s.passwords.Check(seed.Password, Address(seed.Email), seed.UserName); err != nil {
		return "", err
	}
	return s.passwords.Hash(ctx, seed.Password)
}

func plantPassword(ctx context.Context, tx *postgres.Tx, userID uuid.UUID, hash string) error {
	if hash == "" {
		return nil
	}
	if err := tx.SetPassword(ctx, &hash, userID); err != nil {
		return fmt.Errorf("planting a password: %w", err)
	}
	return nil
}

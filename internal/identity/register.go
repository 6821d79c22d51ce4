package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// RegisterType says what happened to an organization.
type RegisterType string

const (
	OrganizationCreated RegisterType = "CREATED"
	OrganizationLeft    RegisterType = "LEFT"
	OrganizationDeleted RegisterType = "DELETED"
)

// maxRegister bounds what one list reads.
const maxRegister = 1000

// RegisterEntry is a line of the register of organizations, which outlives them: once one is deleted, nobody but
// the operator can say who did it.
type RegisterEntry struct {
	OrganizationID ids.ID
	Slug           string // as it was then
	What           RegisterType
	By             ids.ID
	Email          string // of who did it, as it was then
	Members        int    // who belonged to it at that moment
	At             time.Time
}

// register writes a line in the transaction of what happened, while the organization has its members still.
func register(ctx context.Context, tx *postgres.Tx, what RegisterType, organization, by uuid.UUID) error {
	err := tx.RegisterOrganization(ctx, db.RegisterOrganizationParams{ID: uuid.Must(uuid.NewV7()), What: string(what), OrganizationID: organization, ActorID: by})
	if err != nil {
		return fmt.Errorf("writing into the register of organizations: %w", err)
	}
	return nil
}

// Register lists what happened to organizations, newest first; named is a slug that one had, or its id, or empty
// for all. It is for operators.
func (s *Service) Register(ctx context.Context, named string, most int) ([]RegisterEntry, error) {
	if id, err := ids.Parse(named); err == nil && id.Is(ids.Organization) {
		named = id.UUID.String()
	}
	rows, err := s.store.ListOrganizationRegister(ctx, named, int32(min(max(most, 1), maxRegister)))
	if err != nil {
		return nil, fmt.Errorf("reading the register of organizations: %w", err)
	}
	list := make([]RegisterEntry, len(rows))
	for i, r := range rows {
		list[i] = RegisterEntry{
			OrganizationID: ids.Of(ids.Organization, r.OrganizationID), Slug: r.Slug, What: RegisterType(r.What),
			By: ids.Of(ids.User, r.ActorID), Email: r.ActorEmail, Members: int(r.Members), At: r.OccurredAt,
		}
	}
	return list, nil
}

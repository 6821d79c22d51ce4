package identity

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// ClosedArgs is the job that follows a deletion. The rooms above clean up first, then Worker removes the row.
type ClosedArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
}

// Kind names the job.
func (ClosedArgs) Kind() string { return "identity.organization_closed" }

// DeleteOrganization ends all memberships at once, so that nobody sees anything of it any more; a job takes the
// rows and the audio away; the register keeps who did it. slug is what the owner typed, to be sure. Errors: NotFound, Forbidden below Owner and
// for an API token, Invalid for another slug.
func (s *Service) DeleteOrganization(ctx context.Context, viewer access.Viewer, id ids.ID, slug string) (*ids.ID, error) {
	scope, err := viewer.Scope(id, access.Owner)
	if err != nil {
		return nil, err
	}
	if err := viewer.Person(); err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.LockOrganization(ctx, scope.OrganizationID)
		if err != nil {
			return postgres.NotFound(err, "organization")
		}
		if role, err := lockAs(ctx, tx, scope); err != nil || role != access.Owner {
			return errOr(err, fault.Forbidden("Only an owner can delete an organization."))
		}
		if row.Slug != slug {
			return fault.Invalid("slug", "Type the organization's slug, %s, to delete it.", row.Slug)
		}
		if err := register(ctx, tx, OrganizationDeleted, row.ID, scope.UserID); err != nil {
			return err
		}
		return s.close(ctx, tx, row.ID)
	})
	return given(id, err)
}

func (s *Service) close(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	members, err := tx.ListUsersOf(ctx, id)
	if err != nil {
		return fmt.Errorf("listing members: %w", err)
	}
	if err := tx.CloseOrganization(ctx, id); err != nil {
		return fmt.Errorf("closing the organization: %w", err)
	}
	tx.WakeAfterCommit(members...)
	tx.WakeAfterCommit(id)
	return s.jobs.Enqueue(ctx, tx, ClosedArgs{OrganizationID: id})
}

// Remove takes the row of a closed organization and all that hangs on it.
func (s *Service) Remove(ctx context.Context, args ClosedArgs) error {
	if err := s.store.RemoveOrganization(ctx, args.OrganizationID); err != nil {
		return fmt.Errorf("removing the organization: %w", err)
	}
	return nil
}

func errOr(err error, other *fault.Fault) error {
	if err != nil {
		return err
	}
	return other
}

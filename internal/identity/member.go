package identity

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// held is a membership as a viewer holds it.
func (m Membership) held() access.Membership {
	return access.Membership{ID: m.ID.UUID, OrganizationID: m.OrganizationID.UUID, Role: m.Role, CreatedAt: m.CreatedAt}
}

// memberChange is what happened to a membership, and by whom.
type memberChange struct {
	of   Membership
	by   uuid.UUID
	what activity.Type
	more detail
}

// memberChanged tells the members that something about one of them changed, and the admins what. It wakes the
// sockets of that user: what they may see has changed.
func memberChanged(ctx context.Context, tx *postgres.Tx, c memberChange) error {
	tx.WakeAfterCommit(c.of.UserID.UUID)
	d := detail{"membership": c.of.ID.String(), "user": c.of.UserID.String()}
	for k, v := range c.more {
		d[k] = v
	}
	err := activity.Record(ctx, tx, activity.Event{
		OrganizationID: c.of.OrganizationID.UUID, Type: activity.MemberChanged, Subject: c.of.ID, Actor: activity.Person(c.by),
	})
	if err != nil {
		return err
	}
	return audit(ctx, tx, c.of.OrganizationID.UUID, c.by, c.what, c.of.UserID, d)
}

// managed is a change of somebody's membership, under the organization's lock: roles are read and owners are
// counted by one at a time, also the role of who asks, which may have been taken away a moment ago.
type managed struct {
	tx    *postgres.Tx
	actor access.Role
	of    Membership
}

// manage finds a membership that the viewer may change and locks its organization. Errors: NotFound, Forbidden
// below Admin and for a member whose role is above the viewer's.
func (s *Service) manage(ctx context.Context, viewer access.Viewer, id ids.ID, do func(managed) error) error {
	found, err := s.Membership(ctx, viewer, id)
	if err != nil {
		return err
	}
	scope, err := viewer.Scope(found.OrganizationID, access.Admin)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(tx *postgres.Tx) error {
		actor, err := lockAs(ctx, tx, scope)
		if err != nil {
			return err
		}
		row, err := tx.GetMembership(ctx, id.UUID, []uuid.UUID{scope.OrganizationID})
		if err != nil {
			return postgres.NotFound(err, "membership")
		}
		if !actor.Grants(access.Role(row.Role)) {
			return fault.Forbidden("Only an owner can do this to an owner.")
		}
		return do(managed{tx, actor, membership(row)})
	})
}

// lockAs waits for the organization's lock and gives the role that the viewer has now; of a script, no more than
// its token's.
func lockAs(ctx context.Context, tx *postgres.Tx, scope access.Scope) (access.Role, error) {
	if _, err := tx.LockOrganization(ctx, scope.OrganizationID); err != nil {
		return "", postgres.NotFound(err, "organization")
	}
	row, err := tx.GetMembershipOf(ctx, scope.OrganizationID, scope.UserID)
	if err != nil {
		return "", postgres.NotFound(err, "organization")
	}
	return access.Lower(access.Role(row.Role), scope.Role), nil
}

// ChangeRole gives a member another role. Nobody gives a role above their own, or changes the role of who is
// above them; the last owner stays one. Errors: NotFound, Forbidden, Conflict for the last owner.
func (s *Service) ChangeRole(ctx context.Context, viewer access.Viewer, id ids.ID, role access.Role) (*Membership, error) {
	var changed Membership
	err := s.manage(ctx, viewer, id, func(m managed) error {
		changed = m.of
		if !m.actor.Grants(role) {
			return fault.Forbidden("Only an owner can make owners.")
		}
		if m.of.Role == role {
			return nil
		}
		if err := m.lastOwner(ctx); err != nil {
			return err
		}
		row, err := m.tx.SetRole(ctx, db.SetRoleParams{ID: id.UUID, OrganizationID: m.of.OrganizationID.UUID, Role: string(role)})
		if err != nil {
			return fmt.Errorf("changing a role: %w", err)
		}
		changed = membership(row)
		return memberChanged(ctx, m.tx, memberChange{changed, viewer.UserID, activity.MemberRoleChanged, detail{"from": string(m.of.Role), "to": string(role)}})
	})
	return given(changed, err)
}

// RemoveMember ends a membership, and what is open by it, at once. Errors: NotFound, Forbidden, Conflict for the
// last owner.
func (s *Service) RemoveMember(ctx context.Context, viewer access.Viewer, id ids.ID) (*ids.ID, error) {
	err := s.manage(ctx, viewer, id, func(m managed) error { return m.remove(ctx, viewer.UserID, activity.MemberRemoved) })
	return given(id, err)
}

// Leave ends the viewer's own membership. Errors: NotFound, Forbidden for an API token, Conflict for the last
// owner.
func (s *Service) Leave(ctx context.Context, viewer access.Viewer, organization ids.ID) (*ids.ID, error) {
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return nil, err
	}
	if err := viewer.Person(); err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		actor, err := lockAs(ctx, tx, scope)
		if err != nil {
			return err
		}
		row, err := tx.GetMembershipOf(ctx, scope.OrganizationID, scope.UserID)
		if err != nil {
			return postgres.NotFound(err, "organization")
		}
		if err := register(ctx, tx, OrganizationLeft, scope.OrganizationID, scope.UserID); err != nil {
			return err
		}
		return managed{tx, actor, membership(row)}.remove(ctx, viewer.UserID, activity.MemberLeft)
	})
	return given(organization, err)
}

func (m managed) remove(ctx context.Context, by uuid.UUID, what activity.Type) error {
	if err := m.lastOwner(ctx); err != nil {
		return err
	}
	if _, err := m.tx.RemoveMembership(ctx, m.of.ID.UUID, m.of.OrganizationID.UUID); err != nil {
		return fmt.Errorf("removing a member: %w", err)
	}
	if err := m.tx.RemoveAPITokensOf(ctx, m.of.OrganizationID.UUID, m.of.UserID.UUID); err != nil {
		return fmt.Errorf("removing a member's API tokens: %w", err)
	}
	return memberChanged(ctx, m.tx, memberChange{m.of, by, what, detail{"role": string(m.of.Role)}})
}

// lastOwner refuses to take the last owner's role away: nobody could give it back.
func (m managed) lastOwner(ctx context.Context) error {
	if m.of.Role != access.Owner {
		return nil
	}
	owners, err := m.tx.CountOwners(ctx, m.of.OrganizationID.UUID)
	if err != nil {
		return fmt.Errorf("counting owners: %w", err)
	}
	if owners < 2 {
		return fault.Conflict("This is the last owner. Make somebody else an owner first.")
	}
	return nil
}

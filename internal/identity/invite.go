package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Invite asks whoever reads an address into an organization.
type Invite struct {
	ID             ids.ID
	OrganizationID ids.ID
	Email          string
	Role           access.Role
	InvitedBy      *uuid.UUID
	ExpiresAt      time.Time
	CreatedAt      time.Time
}

// InviteInput says whom and as what.
type InviteInput struct {
	OrganizationID ids.ID
	Email          string
	Role           access.Role
}

const (
	// invitePending is the status of an invite that nobody has answered.
	invitePending = "PENDING"
	// inviteLifetime outlasts a holiday week.
	inviteLifetime = 7 * 24 * time.Hour
	// maxInvites fit a list that somebody looks through.
	maxInvites = 200
	// freeInvites is a company that moves in. What is above waits, so that nobody sends advertisements by us.
	freeInvites = 100
)

func inviteOf(r *db.Invite) Invite {
	return Invite{
		ID: ids.Of(ids.Invite, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID), Email: r.Email, Role: access.Role(r.Role),
		InvitedBy: r.InvitedBy, ExpiresAt: r.ExpiresAt, CreatedAt: r.CreatedAt,
	}
}

// Invite mails an invite that opens once, for a week, for this address only; a second one replaces the first.
// What is answered does not tell whether the address has an account. Errors: NotFound, Forbidden below Admin and
// for a role above the viewer's, Invalid, Conflict for a member, Limit.
func (s *Service) Invite(ctx context.Context, viewer access.Viewer, in InviteInput) (*Invite, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	email := Address(in.Email)
	if err := wellFormed(email); err != nil {
		return nil, err
	}
	if err := s.countInvite(ctx, scope, email); err != nil {
		return nil, err
	}
	var made Invite
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		actor, err := lockAs(ctx, tx, scope)
		if err != nil {
			return err
		}
		if !actor.Grants(in.Role) {
			return fault.Forbidden("Only an owner can make owners.")
		}
		if err := s.invitable(ctx, tx, scope, email); err != nil {
			return err
		}
		made, err = s.keepInvite(ctx, tx, scope, email, in.Role)
		return err
	})
	return given(made, err)
}

// countInvite counts the mails of an organization, and those to one mailbox. Error: Limit.
func (s *Service) countInvite(ctx context.Context, scope access.Scope, email string) error {
	organization := scope.OrganizationID.String()
	return s.count(ctx, try{"invite", organization + "\x00" + email, freeMails}, try{"invite of organization", organization, freeInvites})
}

func (s *Service) invitable(ctx context.Context, tx *postgres.Tx, scope access.Scope, email string) error {
	open, err := tx.CountPendingInvites(ctx, scope.OrganizationID, s.now())
	if err != nil {
		return fmt.Errorf("counting invites: %w", err)
	}
	if open >= maxInvites {
		return fault.Conflict("There are %d open invites. Cancel some first.", maxInvites)
	}
	member, err := tx.IsMemberByEmail(ctx, scope.OrganizationID, email)
	if err != nil {
		return fmt.Errorf("asking for the membership: %w", err)
	}
	if member {
		return fault.Conflict("This is the address of a member.")
	}
	return nil
}

func (s *Service) keepInvite(ctx context.Context, tx *postgres.Tx, scope access.Scope, email string, role access.Role) (Invite, error) {
	now := s.now()
	row, err := tx.UpsertInvite(ctx, db.UpsertInviteParams{
		ID: ids.New(ids.Invite).UUID, OrganizationID: scope.OrganizationID, Email: email, Role: string(role), InvitedBy: &scope.UserID,
		ExpiresAt: now.Add(inviteLifetime), CreatedAt: now,
	})
	if err != nil {
		return Invite{}, fmt.Errorf("keeping the invite: %w", err)
	}
	if err := s.jobs.Enqueue(ctx, tx, letterArgs{Letter: LetterInvite, Email: email, Invite: row.ID}); err != nil {
		return Invite{}, err
	}
	made := inviteOf(row)
	return made, audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.MemberInvited, made.ID, detail{"email": email, "role": string(role)})
}

// CancelInvite takes an open invite back: its link opens nothing. Errors: NotFound, Forbidden below Admin.
func (s *Service) CancelInvite(ctx context.Context, viewer access.Viewer, id ids.ID) (*ids.ID, error) {
	row, err := s.store.GetInvite(ctx, id.UUID, viewer.Organizations())
	if !viewer.SignedIn() {
		return nil, fault.Unauthenticated()
	}
	if err != nil || !id.Is(ids.Invite) {
		return nil, missingOr(err, "invite")
	}
	scope, err := viewer.Scope(ids.Of(ids.Organization, row.OrganizationID), access.Admin)
	if err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		canceled, err := tx.CancelInvite(ctx, id.UUID, []uuid.UUID{scope.OrganizationID})
		if err != nil {
			return postgres.NotFound(err, "invite")
		}
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.InviteCanceled, id, detail{"email": canceled.Email})
	})
	return given(id, err)
}

// AcceptInvite makes the viewer a member, by the token of a mail to their address, and gives the viewer as they
// are then. Errors: Unauthenticated, Forbidden for an API token, Expired for a token that is unknown, used, over,
// taken back or mailed to another address, Conflict for a member and for who belongs to too many.
func (s *Service) AcceptInvite(ctx context.Context, viewer access.Viewer, token string) (*Membership, access.Viewer, error) {
	if err := viewer.Person(); err != nil {
		return nil, viewer, err
	}
	var joined Membership
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		me, err := roomFor(ctx, tx, viewer.UserID)
		if err != nil {
			return err
		}
		id, err := s.invited(ctx, tx, token, me.Email)
		if err != nil {
			return err
		}
		if id == nil {
			return overdue()
		}
		invite, err := tx.AcceptInvite(ctx, db.AcceptInviteParams{ID: *id, Email: me.Email, AcceptedBy: &me.ID, Now: s.now()})
		if postgres.Missing(err) {
			return overdue()
		}
		if err != nil {
			return fmt.Errorf("accepting the invite: %w", err)
		}
		joined, err = s.join(ctx, tx, invite.OrganizationID, me.ID, access.Role(invite.Role), "invite")
		return err
	})
	if err != nil {
		return nil, viewer, err
	}
	return &joined, viewer.Joined(joined.held()), nil
}

// Invites lists the open ones. Errors: NotFound, Forbidden below Admin, Invalid.
func (s *Service) Invites(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args) (page.Connection[Invite], error) {
	var none page.Connection[Invite]
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return none, err
	}
	size, after, err := args.Keyset(uuid.Nil)
	if err != nil {
		return none, err
	}
	rows, err := s.store.ListInvites(ctx, db.ListInvitesParams{OrganizationID: scope.OrganizationID, Now: s.now(), After: after, PageSize: size + 1})
	if err != nil {
		return none, fmt.Errorf("listing invites: %w", err)
	}
	return page.Rows(rows, size, args.After != nil, inviteOf, func(v Invite) string { return page.Encode(v.ID.UUID) }), nil
}

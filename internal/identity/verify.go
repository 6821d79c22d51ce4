package identity

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// VerifyEmail takes the token of a mail. It makes the account with its own organization, or with the membership
// that it was invited to, in one transaction. It opens no session: that the mail was read is no password.
// Error: Expired for a token that is unknown, used or over, or whose address has an account by now.
func (s *Service) VerifyEmail(ctx context.Context, token string) (User, error) {
	var verified User
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		used, err := use(ctx, tx, verifying, s.now(), token)
		if err != nil {
			return err
		}
		if used.SignupID == nil {
			verified, err = s.prove(ctx, tx, used)
			return err
		}
		verified, err = s.settle(ctx, tx, *used.SignupID)
		return err
	})
	return verified, err
}

// owner is the user whom a link was mailed to, unless they have another address by now.
func (s *Service) owner(ctx context.Context, tx *postgres.Tx, used *db.AccountToken) (*db.User, error) {
	row, err := tx.LockUser(ctx, *used.UserID)
	if err != nil {
		return nil, fmt.Errorf("reading the user: %w", err)
	}
	if used.Email == nil || row.Email != *used.Email || row.DisabledAt != nil {
		return nil, overdue()
	}
	return row, nil
}

// prove notes that a user's address is theirs.
func (s *Service) prove(ctx context.Context, tx *postgres.Tx, used *db.AccountToken) (User, error) {
	row, err := s.owner(ctx, tx, used)
	if err != nil {
		return User{}, err
	}
	if err := tx.VerifyUser(ctx, s.now(), row.ID); err != nil {
		return User{}, fmt.Errorf("noting that the address is verified: %w", err)
	}
	return user(row), nil
}

// settle makes a user of a sign-up whose address is proven.
func (s *Service) settle(ctx context.Context, tx *postgres.Tx, signup uuid.UUID) (User, error) {
	wish, err := tx.GetSignup(ctx, signup, s.now())
	if postgres.Missing(err) {
		return User{}, overdue()
	}
	if err != nil {
		return User{}, fmt.Errorf("reading the sign-up: %w", err)
	}
	at := s.now()
	row, err := tx.InsertUser(ctx, db.InsertUserParams{ID: wish.ID, Email: wish.Email, Name: wish.Name, EmailVerifiedAt: &at, PasswordHash: &wish.PasswordHash})
	if postgres.Violates(err, "users_email_key") || postgres.Violates(err, "users_pkey") {
		return User{}, overdue()
	}
	if err != nil {
		return User{}, fmt.Errorf("making the user: %w", err)
	}
	if err := tx.RemoveSignupsOf(ctx, row.Email); err != nil {
		return User{}, fmt.Errorf("removing the sign-up: %w", err)
	}
	return user(row), s.house(ctx, tx, row, wish)
}

// house gives a new user a place: the one of the invite while that is open, else one of their own.
func (s *Service) house(ctx context.Context, tx *postgres.Tx, row *db.User, wish *db.Signup) error {
	if wish.InviteID != nil {
		invite, err := tx.AcceptInvite(ctx, db.AcceptInviteParams{ID: *wish.InviteID, Email: row.Email, AcceptedBy: &row.ID, Now: s.now()})
		if err == nil {
			_, err = s.join(ctx, tx, invite.OrganizationID, row.ID, access.Role(invite.Role), "invite")
			return err
		}
		if !postgres.Missing(err) {
			return fmt.Errorf("accepting the invite: %w", err)
		}
	}
	_, _, err := s.found(ctx, tx, row.ID, ownName(wish.Organization, row))
	return err
}

// ownName is what an organization is called whose founder gave it no name.
func ownName(wanted *string, row *db.User) string {
	if wanted != nil {
		return *wanted
	}
	whose, _, _ := strings.Cut(row.Email, "@")
	if row.Name != nil {
		whose = *row.Name
	}
	for utf8.RuneCountInString(whose) > maxName-20 {
		_, size := utf8.DecodeLastRuneInString(whose)
		whose = whose[:len(whose)-size]
	}
	return whose + "'s organization"
}

// join makes somebody a member and tells all who watch.
func (s *Service) join(ctx context.Context, tx *postgres.Tx, organization, userID uuid.UUID, role access.Role, by string) (Membership, error) {
	row, err := tx.InsertMembership(ctx, db.InsertMembershipParams{ID: ids.New(ids.Membership).UUID, OrganizationID: organization, UserID: userID, Role: string(role)})
	if postgres.Missing(err) {
		return Membership{}, fault.Conflict("You are a member already.")
	}
	if err != nil {
		return Membership{}, fmt.Errorf("making the membership: %w", err)
	}
	m := membership(row)
	err = memberChanged(ctx, tx, memberChange{m, userID, activity.MemberJoined, detail{"role": string(role), "by": by}})
	return m, err
}

package identity

import (
	"context"
	"fmt"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Profile is what a user may say about themselves; what is nil stays.
type Profile struct {
	Name      *Optional[string]
	AvatarURL *Optional[string]
}

// UpdateProfile changes the viewer's name and picture. Errors: Unauthenticated, Forbidden for an API token, Invalid.
func (s *Service) UpdateProfile(ctx context.Context, viewer access.Viewer, p Profile) (*User, error) {
	if err := viewer.Person(); err != nil {
		return nil, err
	}
	params, err := p.params(viewer)
	if err != nil {
		return nil, err
	}
	var updated User
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.UpdateUser(ctx, params)
		if err != nil {
			return postgres.NotFound(err, "user")
		}
		updated = user(row)
		return auditUser(ctx, tx, viewer.UserID, activity.ProfileUpdated, nil)
	})
	return given(updated, err)
}

func (p Profile) params(viewer access.Viewer) (db.UpdateUserParams, error) {
	params := db.UpdateUserParams{ID: viewer.UserID}
	if p.Name != nil {
		name := strings.TrimSpace(postgres.Text(p.Name.Value))
		if err := short("name", name); err != nil {
			return params, err
		}
		params.SetName, params.Name = true, filled(name)
	}
	if p.AvatarURL != nil {
		address := postgres.Text(p.AvatarURL.Value)
		if address != "" && !picture(address) {
			return params, fault.Invalid("avatarUrl", "Give the https address of a picture.")
		}
		params.SetAvatar, params.AvatarUrl = true, filled(address)
	}
	return params, nil
}

// PasswordChange is the old and the new one.
type PasswordChange struct {
	Old string // empty for somebody who has none yet
	New string
}

// ChangePassword sets the viewer's password and ends all their other sessions. Who has none yet sets one without
// the old; somebody else at an open screen could as well change it by mail. Errors: Unauthenticated, Forbidden for
// an API token, Invalid for a wrong old one or a new one that nobody may have, Limit after many wrong ones.
func (s *Service) ChangePassword(ctx context.Context, viewer access.Viewer, c PasswordChange) error {
	me, err := s.confirmed(ctx, viewer, "oldPassword", c.Old)
	if err != nil {
		return err
	}
	if err := s.passwords.Check(c.New, me.Email, postgres.Text(me.Name)); err != nil {
		return renamed(err, "newPassword")
	}
	hash, err := s.passwords.Hash(ctx, c.New)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if _, err := tx.LockUser(ctx, viewer.UserID); err != nil {
			return postgres.NotFound(err, "user")
		}
		return s.replacePassword(ctx, tx, user(me), hash, viewer.SessionID, activity.PasswordChanged)
	})
}

// confirmed makes sure that it is the viewer who sits there, by the password if there is one.
func (s *Service) confirmed(ctx context.Context, viewer access.Viewer, field, password string) (*db.User, error) {
	if err := viewer.Person(); err != nil {
		return nil, err
	}
	me, err := s.store.GetUser(ctx, viewer.UserID)
	if err != nil {
		return nil, postgres.NotFound(err, "user")
	}
	if me.PasswordHash == nil {
		return me, nil
	}
	if err := s.count(ctx, try{"password of a session", viewer.UserID.String(), freeAtPair}); err != nil {
		return nil, err
	}
	right, _, err := s.passwords.Verify(ctx, *me.PasswordHash, password)
	if err != nil {
		return nil, fmt.Errorf("verifying a password: %w", err)
	}
	if !right {
		return nil, fault.Invalid(field, "This is not your password.")
	}
	return me, s.store.ForgiveTries(ctx, [][]byte{try{"password of a session", viewer.UserID.String(), 0}.key()})
}

// ChangeEmail mails a link to the new address; ConfirmEmail makes it the viewer's. Until then nothing changes.
// The answer does not tell whether somebody has that address. Errors: Unauthenticated, Forbidden for an API token
// and where either domain's organization has its own sign-on, Invalid, Limit.
func (s *Service) ChangeEmail(ctx context.Context, viewer access.Viewer, email, password string) error {
	me, err := s.confirmed(ctx, viewer, "password", password)
	if err != nil {
		return err
	}
	email = Address(email)
	if err := wellFormed(email); err != nil {
		return err
	}
	if email == me.Email {
		return fault.Invalid("email", "This is your address already.")
	}
	for _, address := range []string{me.Email, email} {
		if err := mayUse(ctx, s.store.Queries, address); err != nil {
			return err
		}
	}
	if err := s.countMail(ctx, "email change", email, Client{Address: me.ID.String()}); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.RemoveAccountTokens(ctx, &me.ID, []string{string(changingEmail)}); err != nil {
			return fmt.Errorf("voiding an earlier change: %w", err)
		}
		if err := s.jobs.Enqueue(ctx, tx, letterArgs{Letter: LetterEmailChange, Email: email, User: me.ID, Asked: s.now()}); err != nil {
			return err
		}
		return auditUser(ctx, tx, me.ID, activity.EmailChangeRequested, nil)
	})
}

// ConfirmEmail takes the token that was mailed to the new address, and tells the old one. All other links that
// were mailed are void. Error: Expired for a token that is unknown, used or over, or whose address somebody has, Forbidden
// where the organization of the new domain has come to require its own sign-on.
func (s *Service) ConfirmEmail(ctx context.Context, token string) (User, error) {
	var changed User
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		used, err := use(ctx, tx, changingEmail, s.now(), token)
		if err != nil {
			return err
		}
		row, err := tx.LockUser(ctx, *used.UserID)
		if err != nil {
			return postgres.NotFound(err, "user")
		}
		if row.DisabledAt != nil {
			return overdue()
		}
		if err := mayUse(ctx, tx.Queries, postgres.Text(used.Email)); err != nil { // it may be required since they asked
			return err
		}
		old, at := row.Email, s.now()
		err = tx.SetEmail(ctx, db.SetEmailParams{ID: row.ID, Email: postgres.Text(used.Email), At: &at})
		if postgres.Violates(err, "users_email_key") {
			return overdue()
		}
		if err != nil {
			return fmt.Errorf("changing the address: %w", err)
		}
		row.Email = postgres.Text(used.Email)
		changed = user(row)
		return s.emailChanged(ctx, tx, changed.ID, old, changed.Email)
	})
	return changed, err
}

func (s *Service) emailChanged(ctx context.Context, tx *postgres.Tx, id ids.ID, old, now string) error {
	if err := tx.RemoveAccountTokens(ctx, &id.UUID, nil); err != nil {
		return fmt.Errorf("voiding what was mailed: %w", err)
	}
	if err := tx.RemoveSignupsOf(ctx, now); err != nil {
		return fmt.Errorf("removing sign-ups: %w", err)
	}
	if err := s.jobs.Enqueue(ctx, tx, letterArgs{Letter: LetterEmailChanged, Email: old, User: id.UUID}); err != nil {
		return err
	}
	return auditUser(ctx, tx, id.UUID, activity.EmailChanged, detail{"from": old, "to": now})
}

// renamed moves a fault to the field that it came in by.
func renamed(err error, field string) error {
	f := fault.As(err)
	if f == nil {
		return err
	}
	moved := *f
	moved.Field = field
	return &moved
}

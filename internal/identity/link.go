package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// RequestMagicLink mails a link that signs in, to an address that has an account; callback is where it leads in
// the end. The answer is the same for one that has none. Errors: Invalid, Forbidden where the domain's
// organization requires its own sign-on, Limit.
func (s *Service) RequestMagicLink(ctx context.Context, email, callback string, c Client) error {
	email = Address(email)
	if err := mayUse(ctx, s.store.Queries, email); err != nil {
		return err
	}
	return s.ask(ctx, letterArgs{Letter: LetterMagicLink, Email: email, Callback: callback}, "magic link", c)
}

// ConsumeMagicLink says whose link it is; OpenSession follows. It proves the address too. Errors: Expired for a
// token that is unknown, used or over, Forbidden where the organization has come to require its own sign-on.
func (s *Service) ConsumeMagicLink(ctx context.Context, token string) (User, error) {
	var signedIn User
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		used, err := use(ctx, tx, magicLink, s.now(), token)
		if err != nil {
			return err
		}
		row, err := s.owner(ctx, tx, used)
		if err != nil {
			return err
		}
		if err := mayUse(ctx, tx.Queries, row.Email); err != nil {
			return err
		}
		signedIn = user(row)
		return s.trust(ctx, tx, row)
	})
	return signedIn, err
}

// ForgotPassword mails a link to choose a new password, to an address that has an account. The answer is the
// same, and comes as fast, for one that has none. Errors: Invalid, Limit.
func (s *Service) ForgotPassword(ctx context.Context, email string, c Client) error {
	return s.ask(ctx, letterArgs{Letter: LetterReset, Email: Address(email)}, "reset", c)
}

// ResetPassword sets the password of whoever the token was mailed to, ends all their sessions and voids what
// else was mailed to them. Errors: Expired for a token that is unknown, used or over, Invalid for a password
// that nobody may have; the token can then be used again.
func (s *Service) ResetPassword(ctx context.Context, token, newPassword string) error {
	if err := s.passwords.Check(newPassword); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, newPassword)
	if err != nil {
		return err
	}
	return s.store.InTx(ctx, func(tx *postgres.Tx) error {
		used, err := use(ctx, tx, resetting, s.now(), token)
		if err != nil {
			return err
		}
		owner, err := s.prove(ctx, tx, used) // who reads the mailbox has proven it
		if err != nil {
			return err
		}
		if err := s.passwords.Check(newPassword, owner.Email, postgres.Text(owner.Name)); err != nil {
			return err
		}
		return s.replacePassword(ctx, tx, owner, hash, uuid.Nil, activity.PasswordReset)
	})
}

// replacePassword ends every session but the kept one, and tells the owner by mail.
func (s *Service) replacePassword(ctx context.Context, tx *postgres.Tx, owner User, hash string, kept uuid.UUID, what activity.Type) error {
	if err := tx.SetPassword(ctx, &hash, owner.ID.UUID); err != nil {
		return fmt.Errorf("setting the password: %w", err)
	}
	if err := s.endSessions(ctx, tx, owner.ID.UUID, kept); err != nil {
		return err
	}
	if err := s.jobs.Enqueue(ctx, tx, letterArgs{Letter: LetterPasswordChanged, Email: owner.Email, User: owner.ID.UUID}); err != nil {
		return err
	}
	return auditUser(ctx, tx, owner.ID.UUID, what, nil)
}

// endSessions ends a user's sessions but the kept one, those that another service signed, and every link and
// ticket that was given out. The moment is cut to the second, as times in tokens are.
func (s *Service) endSessions(ctx context.Context, tx *postgres.Tx, userID, kept uuid.UUID) error {
	if _, err := tx.RemoveSessions(ctx, userID, kept); err != nil {
		return fmt.Errorf("ending the sessions: %w", err)
	}
	if err := tx.EndSessionsBefore(ctx, s.now().Truncate(time.Second), userID); err != nil {
		return fmt.Errorf("ending the tokens of others: %w", err)
	}
	if err := tx.RemoveAccountTokens(ctx, &userID, nil); err != nil {
		return fmt.Errorf("voiding what was mailed: %w", err)
	}
	tx.WakeAfterCommit(userID)
	return nil
}

// disabled is what somebody is told who may not sign in any more, by a way that proves who they are.
func disabled() *fault.Fault { return fault.Forbidden("This account is switched off.") }

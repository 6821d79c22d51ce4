package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Credentials are what a form sends.
type Credentials struct {
	Email, Password string
	Client          Client
}

// PasswordSignIn says whose address and password these are; OpenSession follows. What is asked of the database
// and how long it takes are the same for an address that nobody has. Errors: Unauthenticated for a wrong pair,
// also for one of a disabled user; InvalidState for the right password of somebody who has not proven their
// address yet; Forbidden where the domain's organization requires its own sign-on; Limit after many failures.
func (s *Service) PasswordSignIn(ctx context.Context, c Credentials) (User, error) {
	email := Address(c.Email)
	tries, err := s.passwordTries(ctx, email, c.Client.Address)
	if err != nil {
		return User{}, err
	}
	numbers, err := s.number(ctx, tries.counted()...)
	if fault.Is(err, fault.CodeLimit) && !tries.known {
		err = errors.Join(s.failed(ctx, tries, 0, numbers[string(tries.account.key())]), err)
	}
	if err := errors.Join(err, mayUse(ctx, s.store.Queries, email)); err != nil {
		return User{}, err
	}
	known, err := s.find(ctx, email)
	if err != nil {
		return User{}, err
	}
	right, rehash, err := s.passwords.Verify(ctx, known.hash, c.Password)
	if err != nil {
		return User{}, fmt.Errorf("verifying a password: %w", err)
	}
	if !right || known.disabled {
		return User{}, errors.Join(s.failed(ctx, tries, numbers[string(tries.pair.key())], numbers[string(tries.account.key())]), wrongPair().Because(known.mistaken()))
	}
	if err := s.forgive(ctx, tries); err != nil {
		return User{}, err
	}
	if !known.verified {
		return User{}, fault.InvalidState("Open the link in the mail that we sent you first, or ask for another one.")
	}
	known.proven, err = s.renewHash(ctx, known, c.Password, rehash)
	return known.User, err
}

// forgive takes back what was counted before it was known that the password is right.
func (s *Service) forgive(ctx context.Context, t passwordTries) error {
	if err := s.store.ForgiveTries(ctx, [][]byte{t.pair.key(), t.account.key()}); err != nil {
		return fmt.Errorf("forgiving tries: %w", err)
	}
	if err := s.store.ReturnTry(ctx, t.from.key()); err != nil {
		return fmt.Errorf("returning a try: %w", err)
	}
	return nil
}

func wrongPair() *fault.Fault {
	f := fault.Unauthenticated()
	f.Message = "The e-mail address or the password is wrong."
	return f
}

// candidate is who may be signing in: a user, or somebody who only began to sign up.
type candidate struct {
	User
	hash               string // empty: nobody, or somebody without a password
	verified, disabled bool
}

// mistaken is for the operator's log; it names nobody by an address.
func (c candidate) mistaken() error {
	if c.ID.UUID == uuid.Nil {
		return errors.New("nobody has this address")
	}
	return fmt.Errorf("it is not the password of %s, or they are switched off", c.ID)
}

// find asks for both whatever it finds: one question less would tell that there is an account.
func (s *Service) find(ctx context.Context, email string) (candidate, error) {
	row, err := s.store.GetUserByEmail(ctx, email)
	signup, failed := s.store.GetLatestSignup(ctx, email, s.now())
	if err != nil && !postgres.Missing(err) {
		return candidate{}, fmt.Errorf("reading the user: %w", err)
	}
	if failed != nil && !postgres.Missing(failed) {
		return candidate{}, fmt.Errorf("reading the sign-up: %w", failed)
	}
	switch {
	case err == nil:
		return candidate{User: user(row), hash: postgres.Text(row.PasswordHash), verified: row.EmailVerifiedAt != nil, disabled: row.DisabledAt != nil}, nil
	case failed == nil:
		return candidate{hash: signup.PasswordHash}, nil
	}
	return candidate{}, nil
}

// renewHash replaces a hash of an older kind, now that the password is at hand, and gives the one that is kept.
func (s *Service) renewHash(ctx context.Context, known candidate, password string, wanted bool) (string, error) {
	if !wanted {
		return known.hash, nil
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	n, err := s.store.RehashPassword(ctx, db.RehashPasswordParams{ID: known.ID.UUID, PasswordHash: &hash, OldHash: known.hash})
	if err != nil {
		return "", fmt.Errorf("renewing a password's hash: %w", err)
	}
	if n == 0 {
		return s.verified(ctx, known.Email, password)
	}
	return hash, nil
}

// verified is the hash that another sign-in renewed first, unless the password itself was changed.
func (s *Service) verified(ctx context.Context, email, password string) (string, error) {
	now, err := s.find(ctx, email)
	if err != nil {
		return "", err
	}
	if right, _, err := s.passwords.Verify(ctx, now.hash, password); err != nil {
		return "", fmt.Errorf("verifying a password: %w", err)
	} else if !right {
		return "", wrongPair()
	}
	return now.hash, nil
}

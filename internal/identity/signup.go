package identity

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/password"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Client is where a request came from.
type Client struct {
	Address   string // without the port; of IPv6 the network
	UserAgent string
}

// SignUpInput is what somebody gives who wants an account.
type SignUpInput struct {
	Email, Password string
	Name            string // may be empty
	Organization    string // of the organization that is made; empty: after the name
	Invite          string // the token of an invite to this address: that organization is joined and none made
	Client          Client
}

// signupLifetime outlasts its mail by some resent ones.
const signupLifetime = 3 * 24 * time.Hour

// SignUp keeps the wish for an account and mails a link that proves the address; VerifyEmail then makes the
// account. The answer, its time included, is the same for an address that has an account: its owner gets a mail
// that says so. The id is the one that the user will have. Errors: Invalid for an address, name or password
// that nobody may have, Forbidden where the organization of that domain signs in by its own service, Limit.
func (s *Service) SignUp(ctx context.Context, in SignUpInput) (User, error) {
	email, name := Address(in.Email), strings.TrimSpace(in.Name)
	if err := wellFormed(email); err != nil {
		return User{}, err
	}
	if err := in.check(s.passwords, email, name); err != nil {
		return User{}, err
	}
	if err := s.countMail(ctx, "sign-up", email, in.Client); err != nil {
		return User{}, err
	}
	if err := mayUse(ctx, s.store.Queries, email); err != nil {
		return User{}, err
	}
	hash, err := s.passwords.Hash(ctx, in.Password)
	if err != nil {
		return User{}, err
	}
	row := db.InsertSignupParams{
		ID: ids.New(ids.User).UUID, Email: email, Name: filled(name), PasswordHash: hash,
		Organization: filled(strings.TrimSpace(in.Organization)), ExpiresAt: s.now().Add(signupLifetime),
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if row.InviteID, err = s.invited(ctx, tx, in.Invite, email); err != nil {
			return err
		}
		if err := tx.InsertSignup(ctx, row); err != nil {
			return fmt.Errorf("keeping the sign-up: %w", err)
		}
		return s.jobs.Enqueue(ctx, tx, letterArgs{Letter: LetterVerify, Email: email, Signup: row.ID})
	})
	return User{ID: ids.Of(ids.User, row.ID), Email: email, Name: row.Name}, err
}

func (in SignUpInput) check(passwords *password.Guard, email, name string) error {
	if err := errors.Join(short("name", name), short("organization", in.Organization)); err != nil {
		return err
	}
	return passwords.Check(in.Password, email, name)
}

// invited finds the invite that a newcomer came by. Errors: Expired, also for one to another address.
func (s *Service) invited(ctx context.Context, tx *postgres.Tx, token, email string) (*uuid.UUID, error) {
	if token == "" {
		return nil, nil
	}
	invite, err := tx.GetInviteByToken(ctx, hashOf(token), s.now())
	if postgres.Missing(err) || err == nil && invite.Email != email {
		return nil, overdue()
	}
	if err != nil {
		return nil, fmt.Errorf("reading the invite: %w", err)
	}
	return &invite.ID, nil
}

// ResendVerification mails a new link to who signed up, or to a user whose address was never proven. The answer
// is the same for everybody else, who gets none. Errors: Invalid, Limit.
func (s *Service) ResendVerification(ctx context.Context, email string, c Client) error {
	return s.ask(ctx, letterArgs{Letter: LetterVerify, Email: Address(email)}, "verification", c)
}

// ask enqueues a mail to whoever has this address, if somebody has.
func (s *Service) ask(ctx context.Context, args letterArgs, kind string, c Client) error {
	if err := wellFormed(args.Email); err != nil {
		return err
	}
	if err := s.countMail(ctx, kind, args.Email, c); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(tx *postgres.Tx) error { return s.jobs.Enqueue(ctx, tx, args) })
}

// wellFormed refuses what no mail can reach.
func wellFormed(email string) error {
	parsed, err := mail.ParseAddress(email)
	_, domain, _ := strings.Cut(email, "@")
	if err != nil || parsed.Address != email || len(email) > 254 || !strings.Contains(domain, ".") || strings.ContainsAny(email, " \"\x00\u212a\u0130") {
		return fault.Invalid("email", "Give an e-mail address, as in ada@example.com.")
	}
	return nil
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// short refuses a name that does not fit; none is right.
func short(field, name string) error {
	if utf8.RuneCountInString(name) > maxName || strings.ContainsRune(name, 0) || !utf8.ValidString(name) {
		return fault.Invalid(field, "Give a name of at most %d characters.", maxName)
	}
	return nil
}

package identity

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// External is what a provider said about somebody, in an answer whose signature, nonce and state were right.
type External struct {
	Provider      string // e.g. "google"; "sso" for an organization's own
	Issuer        string
	Subject       string // the provider's own id of them, which stays when the address changes
	Email         string
	EmailVerified bool
	Name          string
	AvatarURL     string
	// Organization is the one whose connection was used; zero for a provider that is everybody's.
	Organization ids.ID
}

// ExternalSignIn says who that is; OpenSession follows. Whoever is not known by issuer and subject is linked to
// the user of that address, or gets an account: with an organization of their own, or, by an organization's
// connection, with a membership there as VIEWER. Errors: Forbidden for an address that the provider did not
// verify, that is not of a verified domain of the connection's organization, whose domain's organization
// requires its own sign-on, or whose user is disabled.
func (s *Service) ExternalSignIn(ctx context.Context, e External) (User, error) {
	e.Email = Address(e.Email)
	var signedIn User
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := s.recognize(ctx, tx, e)
		if err != nil {
			return err
		}
		if row.DisabledAt != nil {
			return disabled()
		}
		signedIn = user(row)
		// Judged by the address that we keep: the provider's word for it may have changed since.
		if e.Organization == (ids.ID{}) {
			return mayUse(ctx, tx.Queries, row.Email)
		}
		return s.admit(ctx, tx, row, e)
	})
	return signedIn, err
}

func (s *Service) recognize(ctx context.Context, tx *postgres.Tx, e External) (*db.User, error) {
	account, err := tx.GetExternalAccount(ctx, db.GetExternalAccountParams{Provider: e.Provider, Issuer: e.Issuer, Subject: e.Subject})
	if err == nil {
		return tx.LockUser(ctx, account.UserID)
	}
	if !postgres.Missing(err) {
		return nil, fmt.Errorf("reading the account at the provider: %w", err)
	}
	if err := wellFormed(e.Email); err != nil || !e.EmailVerified {
		return nil, fault.Forbidden("Your provider has not verified your e-mail address. Verify it there, or sign in another way.")
	}
	row, err := s.userOf(ctx, tx, e)
	if err != nil {
		return nil, err
	}
	err = tx.InsertExternalAccount(ctx, db.InsertExternalAccountParams{ID: uuid.Must(uuid.NewV7()), UserID: row.ID, Provider: e.Provider, Issuer: e.Issuer, Subject: e.Subject})
	if postgres.Violates(err, "external_accounts_subject_key") {
		return nil, fault.Conflict("This sign-in is under way in another window. Try again.")
	}
	if err != nil {
		return nil, fmt.Errorf("linking the account at the provider: %w", err)
	}
	return row, nil
}

// userOf finds the user of a verified address or makes one.
func (s *Service) userOf(ctx context.Context, tx *postgres.Tx, e External) (*db.User, error) {
	if err := connected(ctx, tx, e, e.Email); err != nil {
		return nil, err
	}
	row, err := tx.GetUserByEmail(ctx, e.Email)
	if err == nil {
		return row, s.trust(ctx, tx, row)
	}
	if !postgres.Missing(err) {
		return nil, fmt.Errorf("reading the user: %w", err)
	}
	at := s.now()
	name, avatar := strings.TrimSpace(e.Name), e.AvatarURL
	if short("name", name) != nil {
		name = ""
	}
	if !picture(avatar) {
		avatar = ""
	}
	row, err = tx.InsertUser(ctx, db.InsertUserParams{ID: ids.New(ids.User).UUID, Email: e.Email, Name: filled(name), AvatarUrl: filled(avatar), EmailVerifiedAt: &at})
	if postgres.Violates(err, "users_email_key") {
		return nil, fault.Conflict("This sign-in is under way in another window. Try again.")
	}
	if err != nil {
		return nil, fmt.Errorf("making the user: %w", err)
	}
	if e.Organization != (ids.ID{}) {
		return row, nil // admit gives the membership
	}
	_, _, err = s.found(ctx, tx, row.ID, ownName(nil, row))
	return row, err
}

// trust lets the owner of an address in that was never proven only after what somebody else may have set is void:
// they could have signed up with this address and wait for its owner.
func (s *Service) trust(ctx context.Context, tx *postgres.Tx, row *db.User) error {
	if row.EmailVerifiedAt != nil {
		return nil
	}
	if err := tx.SetPassword(ctx, nil, row.ID); err != nil {
		return fmt.Errorf("voiding a password of nobody: %w", err)
	}
	if err := tx.VerifyUser(ctx, s.now(), row.ID); err != nil {
		return fmt.Errorf("noting that the address is verified: %w", err)
	}
	return s.endSessions(ctx, tx, row.ID, uuid.Nil)
}

// admit lets somebody in by their organization's connection, and makes them a member.
func (s *Service) admit(ctx context.Context, tx *postgres.Tx, row *db.User, e External) error {
	if err := connected(ctx, tx, e, row.Email); err != nil {
		return err
	}
	_, err := tx.GetMembershipOf(ctx, e.Organization.UUID, row.ID)
	if postgres.Missing(err) {
		_, err = s.join(ctx, tx, e.Organization.UUID, row.ID, access.Viewing, "sso")
	}
	if err != nil {
		return fmt.Errorf("making the membership: %w", err)
	}
	return nil
}

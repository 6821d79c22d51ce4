package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/switchboard-voice/switchboard/internal/postgres"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
)

// errEnded is the operator's word for a token that was right once.
var errEnded = errors.New("the session has ended")

// Session turns the claims of an opened token into a Viewer, with one statement. Errors:
// Unauthenticated for a user that is unknown or disabled, for a session of ours that has ended, and for a token
// of another service that is older than the end of all sessions.
func (s *Service) Session(ctx context.Context, claims authjs.Claims) (access.Viewer, error) {
	subject, email := s.named(claims)
	session, err := sessionID(claims)
	if err != nil {
		return access.Viewer{}, fault.Unauthenticated().Because(err)
	}
	rows, err := s.store.GetSession(ctx, db.GetSessionParams{Subject: subject, Email: email, SessionID: session, Now: s.now()})
	if err != nil {
		return access.Viewer{}, fmt.Errorf("opening the session: %w", err)
	}
	if len(rows) == 0 {
		return access.Viewer{}, fault.Unauthenticated().Because(errors.New("the token names no user of ours"))
	}
	if rows[0].DisabledAt != nil || !lives(rows[0], session, claims.IssuedAt) {
		return access.Viewer{}, fault.Unauthenticated().Because(errEnded)
	}
	viewer := access.Viewer{
		UserID: rows[0].ID, SessionID: session, Chosen: orNone(rows[0].SelectedOrganizationID), IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt,
	}
	for _, r := range rows {
		if r.MembershipID != nil {
			viewer.Memberships = append(viewer.Memberships, access.Membership{
				ID: *r.MembershipID, OrganizationID: *r.OrganizationID, Role: access.Role(*r.Role), CreatedAt: *r.MemberSince,
			})
		}
	}
	return viewer, nil
}

// lives says whether what a token stands for is still open: the row of a session of ours, however old its token;
// else the age of the token, unless the user's organization requires its own sign-on, which another service knows
// nothing of.
func lives(r *db.GetSessionRow, session uuid.UUID, issued time.Time) bool {
	if session != uuid.Nil {
		return r.SessionLives
	}
	return !issued.Before(r.SessionsValidAfter) && !r.ForeignToSso
}

// sessionID is the session of ours that a token names; none for a token of another service. Error: it names one
// that cannot be.
func sessionID(claims authjs.Claims) (uuid.UUID, error) {
	if claims.Session == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(claims.Session)
	if err != nil || id == uuid.Nil {
		return uuid.Nil, errors.New("the token names no session")
	}
	return id, nil
}

// named says which user the claims mean: the subject when it is an id of ours, and the address where
// that may be trusted and was not said to be unverified.
func (s *Service) named(claims authjs.Claims) (subject uuid.UUID, email string) {
	if id, err := uuid.Parse(claims.Subject); err == nil {
		subject = id
	}
	if s.trustEmail && (claims.EmailVerified == nil || *claims.EmailVerified) {
		email = Address(claims.Email)
	}
	return subject, email
}

// Address is an e-mail address as we keep it. The two letters that are no ASCII and would become so, the sign of
// Kelvin and İ, stay as they are: whoever owns one mailbox must not come as the owner of another.
func Address(email string) string {
	return strings.Map(func(r rune) rune {
		if small := unicode.ToLower(r); r < utf8.RuneSelf || small >= utf8.RuneSelf {
			return small
		}
		return r
	}, strings.TrimSpace(email))
}

// Allowed says whether a viewer may still look into an organization; streams ask again and again.
// Errors: Unauthenticated when the token has run out, NotFound when the membership or the session ended.
func (s *Service) Allowed(ctx context.Context, viewer access.Viewer, organization uuid.UUID) error {
	now := s.now()
	if now.After(viewer.ExpiresAt) {
		return fault.Unauthenticated().Because(errEnded)
	}
	still, err := s.still(ctx, viewer, organization, now)
	if err != nil {
		return fmt.Errorf("asking for the membership: %w", err)
	}
	if !still {
		return fault.NotFound("organization").Because(errEnded)
	}
	return nil
}

func (s *Service) still(ctx context.Context, v access.Viewer, organization uuid.UUID, now time.Time) (bool, error) {
	if v.APIToken != uuid.Nil {
		return s.store.APITokenLives(ctx, db.APITokenLivesParams{ID: v.APIToken, OrganizationID: organization, Now: now})
	}
	return s.store.StillMember(ctx, db.StillMemberParams{UserID: v.UserID, OrganizationID: organization, SessionID: v.SessionID, IssuedAt: v.IssuedAt})
}

// Token mints a bearer token for a user, as Auth.js v5 would, with a session that can be revoked as any other.
// It is for operators. Errors: NotFound for an unknown address, Forbidden for a disabled user.
func (s *Service) Token(ctx context.Context, email string) (string, error) {
	row, err := s.store.GetUserByEmail(ctx, Address(email))
	if err != nil {
		return "", postgres.NotFound(err, "user")
	}
	session, err := s.OpenSession(ctx, user(row), "command line", Client{UserAgent: "switchboard token"})
	if err != nil {
		return "", err
	}
	return s.keys.Mint(authjs.SessionCookie, authjs.Claims{
		Subject: row.ID.String(), Email: row.Email, ID: uuid.NewString(), Session: session.ID.UUID.String(),
		IssuedAt: s.now(), ExpiresAt: session.ExpiresAt,
	})
}

package identity

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
)

// errEnded is the operator's word for a token that was right once.
var errEnded = errors.New("the session has ended")

// Session turns the claims of an opened token into a Viewer, with one statement. Errors:
// Unauthenticated for a user that is unknown or disabled, or whose sessions were ended after the token
// was issued.
func (s *Service) Session(ctx context.Context, claims authjs.Claims) (access.Viewer, error) {
	subject, email := s.named(claims)
	rows, err := s.store.GetSession(ctx, subject, email)
	if err != nil {
		return access.Viewer{}, fmt.Errorf("opening the session: %w", err)
	}
	if len(rows) == 0 {
		return access.Viewer{}, fault.Unauthenticated().Because(errors.New("the token names no user of ours"))
	}
	if rows[0].DisabledAt != nil || claims.IssuedAt.Before(rows[0].SessionsValidAfter) {
		return access.Viewer{}, fault.Unauthenticated().Because(errEnded)
	}
	viewer := access.Viewer{UserID: rows[0].ID, IssuedAt: claims.IssuedAt, ExpiresAt: claims.ExpiresAt}
	for _, r := range rows {
		if r.MembershipID != nil {
			viewer.Memberships = append(viewer.Memberships, access.Membership{
				ID: *r.MembershipID, OrganizationID: *r.OrganizationID, Role: access.Role(*r.Role), CreatedAt: *r.MemberSince,
			})
		}
	}
	return viewer, nil
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

// Address is an e-mail address as we keep it.
func Address(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// Allowed says whether a viewer may still look into an organization; streams ask again and again.
// Errors: Unauthenticated when the token has run out, NotFound when the membership or the session ended.
func (s *Service) Allowed(ctx context.Context, viewer access.Viewer, organization uuid.UUID) error {
	if s.now().After(viewer.ExpiresAt) {
		return fault.Unauthenticated().Because(errEnded)
	}
	still, err := s.store.StillMember(ctx, db.StillMemberParams{UserID: viewer.UserID, OrganizationID: organization, IssuedAt: viewer.IssuedAt})
	if err != nil {
		return fmt.Errorf("asking for the membership: %w", err)
	}
	if !still {
		return fault.NotFound("organization").Because(errEnded)
	}
	return nil
}

// tokenLifetime is Auth.js's own: 30 days.
const tokenLifetime = 30 * 24 * time.Hour

// Token mints a bearer token for a user, as Auth.js v5 would. It is for operators and scripts.
// Error: NotFound for an unknown address.
func (s *Service) Token(ctx context.Context, email string) (string, error) {
	row, err := s.store.GetUserByEmail(ctx, Address(email))
	if err != nil {
		return "", missing(err, "user")
	}
	now := s.now()
	return s.keys.Mint(authjs.SessionCookie, authjs.Claims{
		Subject: row.ID.String(), Email: row.Email, ID: uuid.NewString(), IssuedAt: now, ExpiresAt: now.Add(tokenLifetime),
	})
}

package identity

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// APIToken lets a script act in one organization, as who made it, with at most this role.
type APIToken struct {
	ID             ids.ID
	OrganizationID ids.ID
	UserID         uuid.UUID // who made it
	Name           string
	Role           access.Role
	Prefix         string // how it begins
	ExpiresAt      time.Time
	LastUsedAt     *time.Time
	CreatedAt      time.Time
}

// APITokenInput says what for, and for how long.
type APITokenInput struct {
	OrganizationID ids.ID
	Name           string
	Role           access.Role
	Days           int
}

const (
	// apiTokenPrefix lets scanners of leaked secrets find it, and us tell it from a session's token.
	apiTokenPrefix = "swb_"
	// shownOf a token tells it from others; 4 characters of 43 help nobody to guess.
	shownOf = len(apiTokenPrefix) + 4
	// maxTokenDays is a year: a token that nobody renews is one that nobody watches.
	maxTokenDays = 366
	// maxAPITokens an organization is more than one page shows.
	maxAPITokens = 100
	// maxTokenName fits a line.
	maxTokenName = 100
	// usedEvery is how exact the last use is.
	usedEvery = time.Minute
)

func apiToken(r *db.APIToken) APIToken {
	return APIToken{
		ID: ids.Of(ids.APIToken, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID), UserID: r.UserID, Name: r.Name,
		Role: access.Role(r.Role), Prefix: r.Prefix, ExpiresAt: r.ExpiresAt, LastUsedAt: r.LastUsedAt, CreatedAt: r.CreatedAt,
	}
}

// CreateAPIToken makes a token and gives it, this once. Errors: NotFound, Forbidden below Admin, for a role above
// the viewer's and for an API token, which makes no others; Invalid; Conflict for too many.
func (s *Service) CreateAPIToken(ctx context.Context, viewer access.Viewer, in APITokenInput) (*APIToken, string, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Admin)
	if err != nil {
		return nil, "", err
	}
	if err := viewer.Person(); err != nil {
		return nil, "", err
	}
	if err := in.check(); err != nil {
		return nil, "", err
	}
	secret, _ := secretToken()
	secret = apiTokenPrefix + secret
	now := s.now()
	row := db.InsertAPITokenParams{
		ID: ids.New(ids.APIToken).UUID, OrganizationID: scope.OrganizationID, UserID: scope.UserID, Name: strings.TrimSpace(in.Name), Role: string(in.Role),
		TokenHash: hashOf(secret), Prefix: secret[:shownOf], ExpiresAt: now.AddDate(0, 0, in.Days), CreatedAt: now,
	}
	var made APIToken
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		made, err = keepAPIToken(ctx, tx, scope, row)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	return &made, secret, nil
}

func keepAPIToken(ctx context.Context, tx *postgres.Tx, scope access.Scope, row db.InsertAPITokenParams) (APIToken, error) {
	actor, err := lockAs(ctx, tx, scope)
	if err != nil {
		return APIToken{}, err
	}
	if !actor.Reaches(access.Role(row.Role)) {
		return APIToken{}, fault.Forbidden("A token cannot have a role above yours.")
	}
	n, err := tx.CountAPITokens(ctx, scope.OrganizationID)
	if err != nil {
		return APIToken{}, fmt.Errorf("counting API tokens: %w", err)
	}
	if n >= maxAPITokens {
		return APIToken{}, fault.Conflict("There are %d tokens. Revoke some first.", n)
	}
	kept, err := tx.InsertAPIToken(ctx, row)
	if err != nil {
		return APIToken{}, fmt.Errorf("keeping the API token: %w", err)
	}
	made := apiToken(kept)
	return made, audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.APITokenCreated, made.ID, detail{"name": row.Name, "role": row.Role, "prefix": row.Prefix})
}

func (in APITokenInput) check() error {
	name := strings.TrimSpace(in.Name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxTokenName || strings.ContainsRune(name, 0) {
		return fault.Invalid("name", "Give a name of 1 to %d characters.", maxTokenName)
	}
	if in.Days < 1 || in.Days > maxTokenDays {
		return fault.Invalid("expiresInDays", "Choose from 1 to %d days.", maxTokenDays)
	}
	return nil
}

// RevokeAPIToken ends a token at once, with its sockets. Errors: NotFound, Forbidden below Admin.
func (s *Service) RevokeAPIToken(ctx context.Context, viewer access.Viewer, id ids.ID) (*ids.ID, error) {
	if !viewer.SignedIn() {
		return nil, fault.Unauthenticated()
	}
	row, err := s.store.FindAPIToken(ctx, id.UUID, viewer.Organizations())
	if err != nil || !id.Is(ids.APIToken) {
		return nil, missingOr(err, "token")
	}
	scope, err := viewer.Scope(ids.Of(ids.Organization, row.OrganizationID), access.Admin)
	if err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		gone, err := tx.RemoveAPIToken(ctx, id.UUID, scope.OrganizationID)
		if err != nil {
			return postgres.NotFound(err, "token")
		}
		tx.WakeAfterCommit(gone.UserID)
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.APITokenRevoked, id, detail{"name": gone.Name, "prefix": gone.Prefix})
	})
	return &id, err
}

// APITokens lists those of an organization. Errors: NotFound, Forbidden below Admin, Invalid.
func (s *Service) APITokens(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args) (page.Connection[APIToken], error) {
	var none page.Connection[APIToken]
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return none, err
	}
	size, after, err := args.Keyset(uuid.Nil)
	if err != nil {
		return none, err
	}
	rows, err := s.store.ListAPITokens(ctx, db.ListAPITokensParams{OrganizationID: scope.OrganizationID, After: after, PageSize: size + 1})
	if err != nil {
		return none, fmt.Errorf("listing API tokens: %w", err)
	}
	return page.Rows(rows, size, args.After != nil, apiToken, func(t APIToken) string { return page.Encode(t.ID.UUID) }), nil
}

// IsAPIToken says whether a bearer token is one of a script.
func IsAPIToken(token string) bool { return strings.HasPrefix(token, apiTokenPrefix) }

// Script turns an API token into a Viewer with the one membership that it is for. Error: Unauthenticated for one
// that is unknown, revoked or over, or whose maker left or was disabled.
func (s *Service) Script(ctx context.Context, token string) (access.Viewer, error) {
	now := s.now()
	row, err := s.store.GetAPIToken(ctx, hashOf(token), now)
	if postgres.Missing(err) {
		return access.Viewer{}, fault.Unauthenticated().Because(errEnded)
	}
	if err != nil {
		return access.Viewer{}, fmt.Errorf("opening an API token: %w", err)
	}
	if row.LastUsedAt == nil || now.Sub(*row.LastUsedAt) > usedEvery {
		if err := s.store.UseAPIToken(ctx, db.UseAPITokenParams{ID: row.ID, At: now, Stale: now.Add(-usedEvery)}); err != nil {
			return access.Viewer{}, fmt.Errorf("noting the use of an API token: %w", err)
		}
	}
	return access.Viewer{
		UserID: row.UserID, APIToken: row.ID, IssuedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt,
		Memberships: []access.Membership{{
			ID: row.MembershipID, OrganizationID: row.OrganizationID, CreatedAt: row.MemberSince,
			Role: access.Lower(access.Role(row.Role), access.Role(row.MemberRole)),
		}},
	}, nil
}

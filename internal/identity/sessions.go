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
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Session is one sign-in, until sign-out.
type Session struct {
	ID         ids.ID
	UserID     ids.ID
	Method     string // how they signed in, e.g. "password", "google"
	Address    string
	UserAgent  string
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
	// Token opens the session where the cookie is no JWT. It is given by OpenSession, once: only its hash is kept.
	Token string
}

const (
	// maxSessions a user is more than anybody has devices; the oldest go.
	maxSessions = 100
	// maxAge ends a session that is used every day too.
	maxAge = 180 * 24 * time.Hour
	// maxUserAgent tells browsers apart; longer ones are somebody's joke.
	maxUserAgent = 300
)

func sessionOf(r *db.Session) Session {
	return Session{
		ID: ids.Of(ids.Session, r.ID), UserID: ids.Of(ids.User, r.UserID), Method: r.Method, Address: r.Address, UserAgent: r.UserAgent,
		CreatedAt: r.CreatedAt, LastSeenAt: r.LastSeenAt, ExpiresAt: r.ExpiresAt,
	}
}

// OpenSession begins a session of somebody who has just signed in by a method, and knows them at their address
// from now on. The JWT of it carries the id's UUID as "sid"; a database cookie carries Token. Errors: Forbidden
// for a disabled user, Unauthenticated where the password was changed since it was given.
func (s *Service) OpenSession(ctx context.Context, who User, method string, c Client) (Session, error) {
	token, hash := secretToken()
	now := s.now()
	row := db.InsertSessionParams{
		ID: ids.New(ids.Session).UUID, UserID: who.ID.UUID, Method: method, TokenHash: hash, Address: c.Address,
		UserAgent: agent(c.UserAgent), At: now, ExpiresAt: now.Add(s.sessionAge),
	}
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		owner, err := tx.LockUser(ctx, row.UserID) // two that open at the same time count one after the other
		if err != nil {
			return postgres.NotFound(err, "user")
		}
		if owner.DisabledAt != nil {
			return disabled()
		}
		if err := unchanged(ctx, tx, owner, who.proven); err != nil {
			return err
		}
		if err := s.keepSession(ctx, tx, row); err != nil {
			return err
		}
		return auditUser(ctx, tx, row.UserID, activity.SignedIn, detail{"method": method, "address": c.Address})
	})
	if err != nil {
		return Session{}, err
	}
	return Session{
		ID: ids.Of(ids.Session, row.ID), UserID: who.ID, Method: method, Address: c.Address, UserAgent: row.UserAgent,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: row.ExpiresAt, Token: token,
	}, nil
}

// unchanged refuses a password that was changed, or a way in that was closed, while the password was looked at, which
// takes a while: whoever did that has ended all sessions, and this one would be left.
func unchanged(ctx context.Context, tx *postgres.Tx, owner *db.User, proven string) error {
	if proven == "" {
		return nil
	}
	if postgres.Text(owner.PasswordHash) != proven {
		return wrongPair()
	}
	return mayUse(ctx, tx.Queries, owner.Email)
}

func (s *Service) keepSession(ctx context.Context, tx *postgres.Tx, row db.InsertSessionParams) error {
	if err := tx.InsertSession(ctx, row); err != nil {
		return fmt.Errorf("keeping the session: %w", err)
	}
	if err := tx.KeepNewestSessions(ctx, row.UserID, maxSessions); err != nil {
		return fmt.Errorf("ending the oldest sessions: %w", err)
	}
	if row.Address == "" {
		return nil
	}
	if err := tx.MeetAddress(ctx, db.MeetAddressParams{UserID: row.UserID, Address: row.Address, SeenAt: row.At}); err != nil {
		return fmt.Errorf("remembering the address: %w", err)
	}
	return nil
}

// TouchSession gives a live session and renews it when it is older than updateAge, so that not every request
// writes. Error: Unauthenticated for one that has ended.
func (s *Service) TouchSession(ctx context.Context, id uuid.UUID) (Session, error) {
	now := s.now()
	row, err := s.store.GetSessionRow(ctx, id, now)
	if err == nil && !row.ExpiresAt.After(now.Add(s.sessionAge-s.updateAge)) {
		until := now.Add(s.sessionAge)
		if last := row.CreatedAt.Add(maxAge); until.After(last) {
			until = last
		}
		row, err = s.store.TouchSession(ctx, db.TouchSessionParams{ID: id, At: now, ExpiresAt: until})
	}
	if postgres.Missing(err) {
		return Session{}, fault.Unauthenticated().Because(errEnded)
	}
	if err != nil {
		return Session{}, fmt.Errorf("renewing the session: %w", err)
	}
	return sessionOf(row), nil
}

// EndSession signs out. One that has ended already is no error.
func (s *Service) EndSession(ctx context.Context, userID ids.ID, id uuid.UUID) error {
	return s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if _, err := tx.RemoveSession(ctx, id, userID.UUID); postgres.Missing(err) {
			return nil
		} else if err != nil {
			return fmt.Errorf("ending the session: %w", err)
		}
		return auditUser(ctx, tx, userID.UUID, activity.SignedOut, nil)
	})
}

// StoredSession gives the claims of a database cookie's token, as if it were a JWT. Error: Unauthenticated.
func (s *Service) StoredSession(ctx context.Context, token string) (authjs.Claims, error) {
	row, err := s.store.GetSessionByToken(ctx, hashOf(token), s.now())
	if postgres.Missing(err) {
		return authjs.Claims{}, fault.Unauthenticated().Because(errEnded)
	}
	if err != nil {
		return authjs.Claims{}, fmt.Errorf("reading the session: %w", err)
	}
	return authjs.Claims{Subject: row.UserID.String(), Session: row.ID.String(), IssuedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}, nil
}

// Sessions lists the viewer's own, newest first. Errors: Unauthenticated, Forbidden for an API token.
func (s *Service) Sessions(ctx context.Context, viewer access.Viewer) ([]Session, error) {
	if err := viewer.Person(); err != nil {
		return nil, err
	}
	rows, err := s.store.ListSessions(ctx, db.ListSessionsParams{UserID: viewer.UserID, Now: s.now(), Most: maxSessions})
	if err != nil {
		return nil, fmt.Errorf("listing sessions: %w", err)
	}
	list := make([]Session, len(rows))
	for i, r := range rows {
		list[i] = sessionOf(r)
	}
	return list, nil
}

// RevokeSession ends one of the viewer's sessions at once, with its sockets. Errors: NotFound, also for another
// user's, Unauthenticated, Forbidden for an API token.
func (s *Service) RevokeSession(ctx context.Context, viewer access.Viewer, id ids.ID) (*ids.ID, error) {
	if err := viewer.Person(); err != nil {
		return nil, err
	}
	err := s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.RemoveSession(ctx, id.UUID, viewer.UserID)
		if !id.Is(ids.Session) || postgres.Missing(err) {
			return fault.NotFound("session")
		}
		if err != nil {
			return fmt.Errorf("revoking the session: %w", err)
		}
		return auditUser(ctx, tx, viewer.UserID, activity.SessionRevoked, detail{"method": row.Method, "address": row.Address})
	})
	return given(id, err)
}

// RevokeSessions ends all of the viewer's sessions but this one, and the tokens that another service signed.
// Errors: Unauthenticated, Forbidden for an API token.
func (s *Service) RevokeSessions(ctx context.Context, viewer access.Viewer) error {
	if err := viewer.Person(); err != nil {
		return err
	}
	return s.store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := s.endSessions(ctx, tx, viewer.UserID, viewer.SessionID); err != nil {
			return err
		}
		return auditUser(ctx, tx, viewer.UserID, activity.SessionsRevoked, nil)
	})
}

// agent keeps what fits of how a browser calls itself.
func agent(said string) string {
	said = strings.ReplaceAll(strings.ToValidUTF8(said, ""), "\x00", "")
	for len(said) > maxUserAgent {
		_, size := utf8.DecodeLastRuneInString(said)
		said = said[:len(said)-size]
	}
	return said
}

package graph

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/switchboard-voice/switchboard/graph/websocket"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/limit"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// sessions turn what a request carries into who is asking.
type sessions struct {
	keys   *authjs.Keys
	people *identity.Service
	limits Limits
	now    func() time.Time
}

// carried is an opened token. A bearer token that opens nothing is an error; a cookie that opens nothing
// is nobody, so that the page can offer to sign in.
type carried struct {
	authjs.Claims
	bearer bool
	stored string // the value of a cookie whose session is kept in the database; its claims are asked for
	script string // an API token
}

type viewerKey struct{}

// asking makes somebody the one who asks. It is the only place that says how a viewer is kept: one that is kept in
// another way is nobody.
func asking(ctx context.Context, v access.Viewer) context.Context {
	return context.WithValue(ctx, viewerKey{}, &v)
}

// viewer is who asks. The zero viewer is nobody.
func viewer(ctx context.Context) access.Viewer {
	if v, ok := ctx.Value(viewerKey{}).(*access.Viewer); ok {
		return *v
	}
	return access.Viewer{}
}

// became says who asks from now on in this operation, after a mutation changed that: fields of its payload are
// answered to a member. Mutations run one after the other, before their payloads.
func became(ctx context.Context, v access.Viewer) {
	if was, ok := ctx.Value(viewerKey{}).(*access.Viewer); ok {
		v.Entering = was.Entering
		*was = v
	}
}

// signedIn is the viewer, nil when nobody is.
func signedIn(ctx context.Context) *access.Viewer {
	if v := viewer(ctx); v.SignedIn() {
		return &v
	}
	return nil
}

// read opens the token of a request: the bearer's, else the cookie's; nil when there is none. Error:
// Unauthenticated for a bearer token that is forged or has expired.
func (s *sessions) read(r *http.Request, authorization string) (*carried, error) {
	if authorization == "" {
		authorization = r.Header.Get("Authorization")
	}
	if authorization != "" {
		scheme, token, _ := strings.Cut(authorization, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return nil, fault.Unauthenticated().Because(errors.New("the authorization is no bearer token"))
		}
		token = strings.TrimSpace(token)
		if identity.IsAPIToken(token) {
			return &carried{script: token, bearer: true}, nil
		}
		claims, err := s.keys.FromBearer(token, s.now())
		if err != nil {
			return nil, fault.Unauthenticated().Because(err)
		}
		return &carried{Claims: claims, bearer: true}, nil
	}
	claims, found, err := s.keys.FromCookies(r.Cookies(), s.now())
	if found && err == nil {
		return &carried{Claims: claims}, nil
	}
	if stored := authjs.Opaque(r.Cookies()); stored != "" {
		return &carried{stored: stored}, nil
	}
	return nil, nil
}

// open asks the room who that is, with one statement.
func (s *sessions) open(ctx context.Context, c *carried) (access.Viewer, error) {
	if c == nil {
		return access.Viewer{}, nil
	}
	if c.script != "" {
		return s.people.Script(ctx, c.script)
	}
	claims, err := s.claims(ctx, c)
	if err != nil {
		if fault.Is(err, fault.CodeUnauthenticated) {
			err = nil // as of any other cookie that opens nothing
		}
		return access.Viewer{}, err
	}
	if s.now().After(claims.ExpiresAt) { // a socket outlives its token
		return access.Viewer{}, fault.Unauthenticated()
	}
	v, err := s.people.Session(ctx, claims)
	if !c.bearer && fault.Is(err, fault.CodeUnauthenticated) {
		return access.Viewer{}, nil
	}
	return v, err
}

func (s *sessions) claims(ctx context.Context, c *carried) (authjs.Claims, error) {
	if c.stored == "" {
		return c.Claims, nil
	}
	return s.people.StoredSession(ctx, c.stored)
}

// each operation asks anew, also on a socket that has been open for hours: memberships change.
func (s *sessions) operation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	v, err := s.open(ctx, callerOf(ctx).token)
	if err != nil {
		return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{present(ctx, err)}})
	}
	return next(asking(ctx, v))
}

// introduced is who opens a socket: {"ticket": "…"}, which is taken once, {"authorization": "Bearer …"}, else
// what the upgrade request carried.
func (s *sessions) introduced(ctx context.Context, r *http.Request, payload map[string]any) (*carried, error) {
	if ticket, ok := payload["ticket"].(string); ok {
		claims, err := s.people.RedeemTicket(ctx, ticket)
		return &carried{Claims: claims, bearer: true}, err
	}
	word, _ := payload["authorization"].(string)
	return s.read(r, word)
}

// socket answers connection_init.
func (s *sessions) socket(ctx context.Context, r *http.Request, payload map[string]any) (websocket.Session, error) {
	c, err := s.introduced(ctx, r, payload)
	if err != nil {
		return websocket.Session{}, unsure(err)
	}
	v, err := s.open(ctx, c)
	if err != nil {
		return websocket.Session{}, unsure(err)
	}
	from := caller{token: c, address: limit.Address(r.RemoteAddr), socket: true}
	session := websocket.Session{
		Context: context.WithValue(ctx, callerKey{}, from), User: v.UserID.String(), MaxSockets: s.limits.of(v.SignedIn()).sockets(),
	}
	if !v.SignedIn() {
		session.User = "stranger at " + from.address
		return session, nil
	}
	session.Expires, session.Still = v.ExpiresAt, s.still(c, v)
	session.Watch = func(wake func()) func() { return s.people.Watch(v, wake) }
	return session, nil
}

// still says whether a socket may go on: its session lives, and no role was taken away or changed.
func (s *sessions) still(c *carried, before access.Viewer) func(context.Context) error {
	return func(ctx context.Context) error {
		now, err := s.open(ctx, c)
		if err == nil && !now.SignedIn() {
			return fault.Unauthenticated()
		}
		if err == nil && !now.Keeps(before) { // comes back in the role that is left
			return websocket.ErrComeAgain
		}
		return unsure(err)
	}
}

// unsure leaves a no a no and has everything else asked again: while the database is away nobody is signed out.
func unsure(err error) error {
	if err == nil || fault.Is(err, fault.CodeUnauthenticated) {
		return err
	}
	return errors.Join(websocket.ErrTryLater, err)
}

package graph

import (
	"cmp"
	"context"
	"math"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/switchboard-voice/switchboard/graph/websocket"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/limit"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Limits are what one may ask in a while. Users and strangers are counted before anything is done for them, and
// organizations when an operation gets at something of theirs. Who has a token that opens is counted as a user, wherever they come
// from: behind the one address of an office, or of a frontend that renders on its server, are many tenants,
// and none pays for another.
type Limits struct {
	Users     Allowance // each
	Strangers Allowance // each address, with all who come from there without a token

	Organizations Share // each
}

// Allowance is one caller's part. A limit that is nil or 0 is none.
type Allowance struct {
	Requests *limit.Keyed
	Cost     *limit.Keyed // of the budget pass
	Sockets  int          // open at once
}

func (l Limits) of(signedIn bool) Allowance {
	if signedIn {
		return l.Users
	}
	return l.Strangers
}

// sockets is the limit as the websocket takes it.
func (a Allowance) sockets() int { return cmp.Or(max(a.Sockets, 0), math.MaxInt) }

// caller is how an operation came, and what it is counted by before the database is asked who that is.
type caller struct {
	token   *carried // nil: nobody's
	address string
	socket  bool
}

type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

// name is the user's in the token, which our key has signed.
func (c caller) name() string {
	if c.token == nil {
		return ""
	}
	return cmp.Or(c.token.Subject, c.token.Email)
}

// pace counts one request before anything is read or parsed for it.
func (l Limits) pace(c caller) error {
	name := c.name()
	wait := l.of(name != "").Requests.Take(cmp.Or(name, c.address), 1)
	if wait == 0 {
		return nil
	}
	return fault.Limit(wait, "These are too many requests. Come back in %d s.", limit.Seconds(wait))
}

// upgrade counts a socket that is to be opened. Whoever shows no token yet may do so in connection_init, and
// until then is a stranger: a forged one must not be a way around the count.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	c, _ := s.sessions.read(r, "") // a token that does not open is told so by connection_init
	if err := s.limits.pace(caller{token: c, address: limit.Address(r.RemoteAddr)}); err != nil {
		write(w, r, &graphql.Response{Errors: gqlerror.List{shown(&gqlerror.Error{}, fault.As(err))}})
		return
	}
	s.Sockets.Do(w, r, s.exec)
}

// pacing counts what comes over sockets: each message is a request as any other.
type pacing struct{ limits Limits }

func (pacing) ExtensionName() string { return "Pacing" }

func (pacing) Validate(graphql.ExecutableSchema) error { return nil }

func (p pacing) MutateOperationParameters(ctx context.Context, _ *graphql.RawParams) *gqlerror.Error {
	c := callerOf(ctx)
	if !c.socket {
		return nil // was counted before its body was read
	}
	if err := p.limits.pace(c); err != nil {
		return shown(&gqlerror.Error{}, fault.As(err))
	}
	return nil
}

// costKey is where the budget pass leaves the price of an operation.
const costKey = "cost"

// charge takes the price of an operation from whoever asks, once that is known.
func (l Limits) charge(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	v, key := viewer(ctx), callerOf(ctx).address
	if v.SignedIn() {
		key = v.UserID.String()
	}
	cost, _ := graphql.GetOperationContext(ctx).Stats.GetExtension(costKey).(int)
	wait := l.of(v.SignedIn()).Cost.Take(key, cost)
	if wait > 0 {
		err := fault.Limit(wait, "You asked for much in a short time. Come back in %d s, or ask for less at once.", limit.Seconds(wait))
		return func(ctx context.Context) *graphql.Response { return refuse(ctx, err) }
	}
	e := &entry{share: l.Organizations, cost: cost}
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		e.stream = ctx
	}
	v.Entering = e.enter
	return e.guard(next(asking(ctx, v)))
}

// refuse is the answer of an operation of which nothing is shown. On a socket that is an error message and no
// next: the operation is over.
func refuse(ctx context.Context, err error) *graphql.Response {
	refused := present(ctx, err)
	if !callerOf(ctx).socket {
		return &graphql.Response{Errors: gqlerror.List{refused}}
	}
	websocket.Fail(ctx, refused)
	return nil
}

// nothing says that all there is to show is an error. A mutation that was refused because of a limit is one
// too, though its field was executed: whoever repeats requests looks for the status.
func nothing(response *graphql.Response) bool {
	if response == nil || len(response.Errors) == 0 {
		return false
	}
	limited := response.Errors[0].Extensions["code"] == string(fault.CodeLimit)
	return response.Data == nil || limited && string(response.Data) == "null"
}

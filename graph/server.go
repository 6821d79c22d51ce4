package graph

import (
	"context"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/switchboard-voice/switchboard/graph/generated"
	"github.com/switchboard-voice/switchboard/graph/websocket"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/limit"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// documents is how many parsed documents are kept: a frontend has some hundred.
const documents = 1000

// Deps is what the face needs.
type Deps struct {
	Resolver      Resolver
	Keys          *authjs.Keys
	AllowOrigin   func(origin string) bool // whole origins of pages that may open a socket
	Introspection bool
	Budget        Budget
	Limits        Limits
	Sockets       websocket.Config   // limits only; Init and AllowOrigin are set here
	Counted       func(kind string)  // called for each operation
	Traces        *telemetry.Tracing // nil: no spans
	Now           func() time.Time
}

// Server is gqlgen's executor behind two transports of ours: HTTP and the websocket. That a GET is no other
// site's doing is for whoever calls it to make sure of, as it is for a cookie.
type Server struct {
	Sockets  *websocket.Transport
	sessions *sessions
	limits   Limits
	exec     *executor.Executor
}

// NewServer makes the server.
func NewServer(d Deps) *Server {
	resolver := &d.Resolver
	s := &Server{sessions: &sessions{keys: d.Keys, people: d.Resolver.People, limits: d.Limits, now: d.Now}, limits: d.Limits}
	schema := generated.NewExecutableSchema(generated.Config{Resolvers: resolver})
	limits := d.Sockets
	limits.Init, limits.AllowOrigin = s.sessions.socket, d.AllowOrigin
	s.Sockets = websocket.New(limits)
	s.exec = executor.New(schema)
	s.exec.SetQueryCache(lru.New[*ast.QueryDocument](documents))
	s.exec.SetErrorPresenter(present)
	s.exec.SetRecoverFunc(recovered)
	s.exec.SetDisableSuggestion(!d.Introspection)
	s.exec.Use(pacing{d.Limits})
	s.exec.Use(NewBudgetPass(schema.Schema(), d.Budget))
	s.exec.SetDefaultRulesFn(noHints)
	if d.Introspection {
		s.exec.Use(introspection{})
	}
	if d.Traces != nil {
		s.exec.AroundOperations(tracing(d.Traces))
	}
	s.exec.AroundOperations(counting(d.Counted))
	s.exec.AroundOperations(s.sessions.operation)
	s.exec.AroundOperations(d.Limits.charge)
	s.exec.AroundResponses(resolver.remembering)
	return s
}

func counting(counted func(kind string)) graphql.OperationMiddleware {
	return func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		counted(string(graphql.GetOperationContext(ctx).Operation.Operation))
		return next(ctx)
	}
}

// introspection answers questions about the schema, which is off where nobody asked for it.
type introspection struct{}

func (introspection) ExtensionName() string { return "Introspection" }

func (introspection) Validate(graphql.ExecutableSchema) error { return nil }

func (introspection) MutateOperationContext(_ context.Context, rc *graphql.OperationContext) *gqlerror.Error {
	rc.DisableIntrospection = false
	return nil
}

// ServeHTTP answers an operation, or upgrades to a socket.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Sockets.Supports(r) {
		s.upgrade(w, r)
		return
	}
	if refused := acceptable(r); refused != nil {
		refused.write(w, r)
		return
	}
	token, err := s.sessions.read(r, "")
	from := caller{token: token, address: limit.Address(r.RemoteAddr)}
	if slower := s.limits.pace(from); slower != nil { // also who guesses at tokens
		err = slower
	}
	if f := fault.As(err); f != nil {
		write(w, r, &graphql.Response{Errors: gqlerror.List{shown(&gqlerror.Error{}, f)}})
		return
	}
	perform(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, from)), s.exec)
}

// Shutdown closes the sockets; see websocket.Transport.
func (s *Server) Shutdown(ctx context.Context) error { return s.Sockets.Shutdown(ctx) }

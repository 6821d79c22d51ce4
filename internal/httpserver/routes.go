// Package httpserver is the way in: every URL on one page, what happens to a request before and after its
// handler, and a server that bounds what a client may take and that stops without losing a request. It
// knows nothing of what the handlers do.
package httpserver

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/limit"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// Handlers are what answers. A nil one is not served.
type Handlers struct {
	GraphQL  http.Handler // POST, the websocket, and GET after a preflight
	GraphiQL http.Handler // the page and what it loads, below /graphiql
	Webhooks http.Handler // reads the path value "source"
	Answer   http.Handler // what the telephone provider is to do with a call; bounds and guards itself
	Download http.Handler // reads the path value "file"
	SignIn   http.Handler // below /api/auth; it knows itself which pages may call, and how
	Blobs    http.Handler // the bucket's signed links, which bound and guard themselves

	Ready          func(ctx context.Context) error                    // says why no request should come; may be nil
	Origins        []string                                           // whole origins of pages that may call with a cookie
	TrustedProxies []netip.Prefix                                     // whose X-Forwarded-For is believed
	WebhookLimit   *limit.Keyed                                       // by address; nil: none
	Answered       func(route string, status int, took time.Duration) // called for each request; may be nil
	Traces         *telemetry.Tracing                                 // nil: no spans
	Log            *slog.Logger                                       // nil: slog's default at the time of the request
}

const (
	// maxOperation is what a GraphQL request may be long: persisted queries and variables take some KiB,
	// and what is long goes to the bucket.
	maxOperation = 256 << 10
	// operationTimeout ends what nobody waits for any more; proxies give up at 60 s or 100 s.
	operationTimeout = 30 * time.Second
	// downloadTimeout lets a slow line take the 10 MB transcript of a long day.
	downloadTimeout = 5 * time.Minute

	// AnswerPath is where the telephone provider asks what to do with a call.
	AnswerPath = "/api/voice/answer"
	// WebhookPath is where providers tell us of things, behind it the source.
	WebhookPath = "/api/webhooks/"

	healthPath = "/health"
	readyPath  = "/ready"
)

// Routes is every URL.
func Routes(h Handlers) http.Handler {
	mux := http.NewServeMux()
	serve := func(pattern string, handler http.Handler) {
		if handler != nil {
			mux.Handle(pattern, handler)
		}
	}
	origins := origins(h.Origins)
	serve(healthPath, methods{http.MethodGet: http.HandlerFunc(health)})
	serve(readyPath, methods{http.MethodGet: ready(h)})
	if h.GraphQL != nil {
		operations := origins.guard(limitBody(maxOperation, limitTime(operationTimeout, h.GraphQL)))
		serve("/graphql", origins.share(methods{http.MethodPost: operations, http.MethodGet: byGet(h.GraphQL, operations)}))
	}
	if h.GraphiQL != nil {
		serve("/graphiql", h.GraphiQL)
		serve("/graphiql/", h.GraphiQL)
	}
	if h.SignIn != nil {
		serve("/api/auth/", origins.share(limitTime(operationTimeout, h.SignIn)))
	}
	if h.Webhooks != nil {
		serve(WebhookPath+"{source}", methods{http.MethodPost: pace(h.WebhookLimit, h.Webhooks)})
	}
	if h.Answer != nil {
		serve(AnswerPath, methods{http.MethodPost: pace(h.WebhookLimit, h.Answer)})
	}
	if h.Download != nil {
		serve("/download/{file}", methods{http.MethodGet: limitWrite(downloadTimeout, h.Download)})
	}
	serve("/blobs/", h.Blobs)
	serve("/", http.HandlerFunc(notFound))
	return around(h, mux)
}

// around is what every request passes. Recovering is inside of logging, so that a panic's line says 500.
func around(h Handlers, mux http.Handler) http.Handler {
	return observe(h, recovering(h, securing(unambiguous(mux))))
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusNotFound, codeNotFound, "There is nothing at this address.")
}

// methods answers by method; HEAD is a GET whose body the server drops.
type methods map[string]http.Handler

func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if handler, ok := m[method]; ok {
		handler.ServeHTTP(w, r)
		return
	}
	notAllowed(w, m.names())
}

func (m methods) names() string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }

package httpserver

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
	"time"

	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

const requestIDHeader = "X-Request-Id"

// wellFormed keeps an id that a proxy gave. Others are replaced: they go into every log line.
var wellFormed = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// observe gives the request its id and writes the one line about it. The line has the route and never the
// path or the query, in which links carry their signatures.
func observe(h Handlers, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := r.Header.Get(requestIDHeader)
		if !wellFormed.MatchString(id) {
			id = rand.Text()
		}
		w.Header().Set(requestIDHeader, id)
		ctx, statements := telemetry.WithStatements(telemetry.WithRequestID(r.Context(), id))
		caller := client(r, h.TrustedProxies)
		ctx, traced := h.trace(ctx, r)
		r = from(caller, r.WithContext(ctx)) // a copy: the server's own request stays as it is
		seen := &recorder{ResponseWriter: w}
		defer func() { // also when the handler aborts the connection
			took := time.Since(began)
			traced(verb(r), route(r), seen.code())
			if h.Answered != nil {
				h.Answered(route(r), seen.code(), took)
			}
			h.log().LogAttrs(ctx, importance(r), "request",
				slog.String("method", verb(r)), slog.String("route", route(r)), slog.Int("status", seen.code()), slog.Int64("ms", took.Milliseconds()),
				slog.Int64("sql", statements.Count()), slog.Int64("bytes", seen.bytes), slog.String("client", caller))
		}()
		next.ServeHTTP(seen, r)
	})
}

// trace begins the request's span, if there are traces. Probes have none: one every few seconds for good.
func (h Handlers) trace(ctx context.Context, r *http.Request) (context.Context, func(method, route string, status int)) {
	if h.Traces == nil || r.URL.Path == readyPath || r.URL.Path == healthPath {
		return ctx, untraced
	}
	return h.Traces.Request(ctx, r.Header)
}

func untraced(string, string, int) {}

func (h Handlers) log() *slog.Logger {
	if h.Log == nil {
		return slog.Default()
	}
	return h.Log
}

// route is the pattern that answered: a closed list, unlike paths, which a client makes up.
func route(r *http.Request) string {
	if r.Pattern == "" { // the mux redirected to a cleaner path
		return "/"
	}
	return r.Pattern
}

// verb keeps methods that a client made up out of the log.
func verb(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// importance keeps probes, one every few seconds for good, below what is usually written.
func importance(r *http.Request) slog.Level {
	if r.Pattern == readyPath || r.Pattern == healthPath {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

package httpserver

import (
	"mime"
	"net/http"
	"slices"

	"github.com/rs/cors"
)

// preflightAge, in seconds, spares a browser the question before each operation; Chrome asks again after
// two hours at the latest.
const preflightAge = 7200

// preflightHeader makes a browser ask before it sends a GET of another site's page: without it, any image
// or link on the web could run a query as whoever looks at it. Its value does not matter.
const preflightHeader = "Graphql-Require-Preflight"

// origins are the pages that may call with a cookie, compared whole: anything shorter lets a page of
// another scheme, port or a similar name in.
type origins []string

func (o origins) allow(origin string) bool { return slices.Contains(o, origin) }

// share lets scripts of allowed pages read our answers, also those to requests with a cookie.
func (o origins) share(next http.Handler) http.Handler {
	// A function instead of a list: the library ignores the case of a list's entries, and to it an empty
	// list means everyone.
	return cors.New(cors.Options{
		AllowOriginFunc:  o.allow,
		AllowedMethods:   []string{http.MethodGet, http.MethodPost},
		AllowedHeaders:   []string{"Accept", "Authorization", "Content-Type", preflightHeader, requestIDHeader},
		ExposedHeaders:   []string{requestIDHeader, "Retry-After"},
		AllowCredentials: true,
		MaxAge:           preflightAge,
	}).Handler(next)
}

// guard keeps other sites from acting with a visitor's cookie. CORS is no help there: it only keeps them
// from reading the answer. A form cannot send JSON, and a script of another site that does is asked
// about by its Origin, which no browser leaves out of a POST, or of a GET to another site by a script.
func (o origins) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header.Values("Cookie")) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && !isJSON(r) { // of a GET, its route has asked for the preflight
			refuse(w, http.StatusForbidden, codeForbidden, "A request with a cookie must be application/json.")
			return
		}
		if sent := r.Header.Values("Origin"); len(sent) > 1 || len(sent) == 1 && !o.allow(sent[0]) {
			refuse(w, http.StatusForbidden, codeForbidden, "Pages of this origin may not send a cookie here. Name the origin in ALLOWED_ORIGINS.")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isJSON(r *http.Request) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == "application/json"
}

package steps

import (
	"net/http"
	"net/http/httptest"
	"regexp"
)

// identifiers are what differs between two requests of one kind.
var identifiers = regexp.MustCompile(`[^/]*\d[^/]*`)

// before stands before a provider: it counts each request when it arrives and when it was answered.
func (m *Moments) before(name string, provider http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		life := m.life()
		what := name + " " + r.Method + " " + identifiers.ReplaceAllString(r.URL.Path, "…")
		if !m.answers() || !m.pass(life, BeforeRequest+what) {
			panic(http.ErrAbortHandler) // as a connection whose other end has died
		}
		answer := httptest.NewRecorder() // whole: it either comes back or does not
		provider.ServeHTTP(answer, r)
		if !m.pass(life, beforeAnswer+what) {
			panic(http.ErrAbortHandler)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // fails only when the program has left
	})
}

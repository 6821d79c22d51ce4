package httpserver

import (
	"fmt"
	"net/http"
	"runtime/debug"
)

// recovering turns a panic into a 500 and keeps the process for everybody else. An answer that has begun
// is broken off instead: its reader must not take it for a whole one.
func recovering(h Handlers, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // the server compares it the same way
				panic(p)
			}
			h.log().ErrorContext(r.Context(), "a request panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if seen, ok := w.(*recorder); ok && seen.status != 0 {
				panic(http.ErrAbortHandler)
			}
			refuse(w, http.StatusInternalServerError, codeInternal, "Something went wrong on our side. Try again; if it stays, tell us the request id.")
		}()
		next.ServeHTTP(w, r)
	})
}

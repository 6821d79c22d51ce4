package httpserver

import "net/http"

// securing tells browsers to take an answer for nothing but what it says it is. A handler that serves a
// page or a file says what that may do instead.
func securing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		header.Set("Referrer-Policy", "no-referrer") // signed links would else reach other sites
		header.Set("Cache-Control", "no-store")
		header.Set("Strict-Transport-Security", "max-age=31536000") // browsers ignore it on plain HTTP
		next.ServeHTTP(w, r)
	})
}

package httpserver

import (
	"net/http"
	"strconv"

	"github.com/switchboard-voice/switchboard/internal/limit"
)

// pace asks an address that sends too many webhooks to come again later: with a 503, as providers never come
// back after a 4xx. What they still give up, the room's sweep finds.
func pace(by *limit.Keyed, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait := by.Take(limit.Address(r.RemoteAddr), 1)
		if wait == 0 {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Retry-After", strconv.Itoa(limit.Seconds(wait)))
		w.Header().Set("Connection", "close") // else the server reads the body to save the connection
		refuse(w, http.StatusServiceUnavailable, codeUnavailable, "These are too many webhooks at once. Send this one again later.")
	})
}

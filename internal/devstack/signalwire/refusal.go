package signalwire

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"
)

// refusal is an answer in the vendor's form for errors.
type refusal struct {
	status   int
	code     string
	sentence string
	after    time.Duration // when to come again; 0: not said
}

func (r *refusal) Error() string { return r.sentence }

var (
	errKey      = &refusal{status: http.StatusUnauthorized, code: "20003", sentence: "Authentication failed. Check the project id and the API token."}
	errNoRoute  = &refusal{status: http.StatusNotFound, code: "20404", sentence: "The local telephone service has no such endpoint."}
	errMissing  = &refusal{status: http.StatusNotFound, code: "20404", sentence: "The requested resource was not found."}
	errFull     = &refusal{status: http.StatusTooManyRequests, code: "20429", sentence: "The local telephone service has too many calls under way.", after: 5 * time.Second}
	errClosed   = &refusal{status: http.StatusServiceUnavailable, sentence: "The local telephone service is stopping."}
	errTooLarge = &refusal{status: http.StatusRequestEntityTooLarge, sentence: "The request is too large for the local telephone service."}
	errInternal = &refusal{status: http.StatusInternalServerError, sentence: "The local telephone service could not do this. Its log says why."}
)

func badRequest(code, format string, args ...any) error {
	return &refusal{status: http.StatusBadRequest, code: code, sentence: fmt.Sprintf(format, args...)}
}

func refuse(w http.ResponseWriter, err error) {
	var shown *refusal
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		shown = errTooLarge
	case !errors.As(err, &shown):
		slog.Error("the local telephone service failed", "error", err)
		shown = errInternal
	}
	if shown.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(shown.after.Seconds()))))
	}
	write(w, shown.status, map[string]any{"code": shown.code, "message": shown.sentence, "status": shown.status})
}

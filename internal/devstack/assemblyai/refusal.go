package assemblyai

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"
)

// refusal is an answer in the vendor's form for errors: a status and one sentence.
type refusal struct {
	status   int
	sentence string
	after    time.Duration // when to come again; 0: not said
}

func (r *refusal) Error() string { return r.sentence }

var (
	errKey       = &refusal{status: http.StatusUnauthorized, sentence: "Authentication error, API token missing/invalid"}
	errNoRoute   = &refusal{status: http.StatusNotFound, sentence: "The local speech service has no such endpoint."}
	errMissing   = &refusal{status: http.StatusNotFound, sentence: "Transcript lookup error, transcript id not found"}
	errLive      = &refusal{status: http.StatusBadRequest, sentence: "The transcript is still being made. Delete it when it is done."}
	errNotOurs   = &refusal{status: http.StatusForbidden, sentence: "Cannot access uploaded file"}
	errFull      = &refusal{status: http.StatusTooManyRequests, sentence: "The local speech service has too many jobs. Try again in a moment.", after: 5 * time.Second}
	errClosed    = &refusal{status: http.StatusServiceUnavailable, sentence: "The local speech service is stopping."}
	errTooLarge  = &refusal{status: http.StatusRequestEntityTooLarge, sentence: "The request is too large for the local speech service."}
	errEmpty     = &refusal{status: http.StatusBadRequest, sentence: "Upload failed, the file is empty."}
	errAborted   = &refusal{status: http.StatusBadRequest, sentence: "Upload failed, please try again."}
	errPageOrder = &refusal{status: http.StatusBadRequest, sentence: "'after_id' must be a newer transcript than 'before_id'"}
	errInternal  = &refusal{status: http.StatusInternalServerError, sentence: "The local speech service could not do this. Its log says why."}
)

func badRequest(format string, args ...any) error {
	return &refusal{status: http.StatusBadRequest, sentence: fmt.Sprintf(format, args...)}
}

func refuse(w http.ResponseWriter, err error) {
	var shown *refusal
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		shown = errTooLarge
	case !errors.As(err, &shown):
		slog.Error("the local speech service failed", "error", err)
		shown = errInternal
	}
	if shown.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(shown.after.Seconds()))))
	}
	write(w, shown.status, map[string]string{"error": shown.sentence})
}

package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// refusal is an answer that says no, in the vendor's shape.
type refusal struct {
	status   int
	kind     string
	code     string
	decline  string
	param    string
	sentence string
	after    time.Duration
}

func (r *refusal) Error() string { return r.sentence }

const invalid = "invalid_request_error"

var (
	errKey       = &refusal{status: http.StatusUnauthorized, kind: invalid, sentence: "Invalid API Key provided."}
	errNoRoute   = &refusal{status: http.StatusNotFound, kind: invalid, sentence: "Unrecognized request URL: the local service does not know this call."}
	errBody      = &refusal{status: http.StatusBadRequest, kind: invalid, sentence: "The body cannot be read."}
	errFull      = &refusal{status: http.StatusBadRequest, kind: invalid, sentence: "The local service is full."}
	errBroken    = &refusal{status: http.StatusInternalServerError, kind: "api_error", sentence: "An unknown error occurred."}
	errBusy      = &refusal{status: http.StatusTooManyRequests, kind: invalid, code: "rate_limit", sentence: "Request rate limit exceeded."}
	errInUse     = &refusal{status: http.StatusConflict, kind: "idempotency_error", code: "idempotency_key_in_use", sentence: "There is currently another in-progress request using this idempotency key."}
	errKeyReused = &refusal{status: http.StatusBadRequest, kind: "idempotency_error", sentence: "Keys for idempotent requests can only be used with the same parameters they were first used with."}
	errDeclined  = &refusal{status: http.StatusPaymentRequired, kind: "card_error", code: "card_declined", decline: "generic_decline", sentence: "Your card was declined."}
)

func bad(param, format string, args ...any) error {
	return &refusal{status: http.StatusBadRequest, kind: invalid, param: param, sentence: fmt.Sprintf(format, args...)}
}

// missing is the vendor's answer for what is not there. In the address it is a 404, in the form a 400.
func missing(c *call, what, param, id string) error {
	status := http.StatusBadRequest
	if param == "id" && c.PathValue("id") == id {
		status = http.StatusNotFound
	}
	return &refusal{status: status, kind: invalid, code: "resource_missing", param: param, sentence: fmt.Sprintf("No such %s: '%s'", what, id)}
}

func refuse(err error) answer {
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{status: http.StatusInternalServerError, kind: "api_error", sentence: err.Error()}
	}
	said := map[string]any{"type": r.kind, "message": r.sentence}
	for name, value := range map[string]string{"code": r.code, "decline_code": r.decline, "param": r.param} {
		if value != "" {
			said[name] = value
		}
	}
	body, _ := json.Marshal(map[string]any{"error": said}) // strings only
	return answer{status: r.status, body: body, after: r.after}
}

package signin

import (
	"log/slog"
	"net/http"
	"strconv"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/limit"
)

// fail says in next-auth's words why somebody is not signed in. Only what the person may know is said.
func (v *visit) fail(err error, way string) {
	f := fault.As(err)
	if f == nil {
		slog.ErrorContext(v.r.Context(), "signing in failed", "way", way, "error", err)
		v.to(v.at("/error", "error", "Callback"), http.StatusServiceUnavailable)
		return
	}
	slog.InfoContext(v.r.Context(), "signing in was refused", "way", way, "code", f.Code, "address", v.client().Address, "reason", err)
	if f.RetryAfter > 0 {
		v.w.Header().Set("Retry-After", strconv.Itoa(limit.Seconds(f.RetryAfter)))
	}
	code, status := "Callback", f.Status()
	switch f.Code {
	case fault.CodeUnauthenticated:
		code = "CredentialsSignin"
	case fault.CodeInvalidState:
		code, status = "EmailNotVerified", http.StatusForbidden
	case fault.CodeForbidden:
		code = "AccessDenied"
	case fault.CodeLimit:
		code = "TooManyAttempts"
	case fault.CodeExpired:
		code = "Verification"
	case fault.CodeConflict:
		code = "OAuthAccountNotLinked"
	case fault.CodeInvalid:
		code = "EmailSignin"
	}
	v.to(v.at("/error", "error", code, "provider", way), status)
}

// refuse answers a script.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	if tooLong(err) {
		answer(w, http.StatusRequestEntityTooLarge, refusal{Error: "This is too long.", Code: "INVALID_INPUT"})
		return
	}
	f := fault.As(err)
	if f == nil {
		slog.ErrorContext(r.Context(), "an address of sign-in failed", "path", r.Pattern, "error", err)
		f = fault.Unavailable(err)
	}
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(limit.Seconds(f.RetryAfter)))
	}
	answer(w, f.Status(), refusal{Error: f.Message, Code: code(f)})
}

// refusal is what the app before us answered with, in the one of its shapes that pages read.
type refusal struct {
	Success bool   `json:"success"` // always false
	Error   string `json:"error"`
	Code    string `json:"code"`
}

// code is the app's word for a fault.
func code(f *fault.Fault) string {
	switch {
	case f.Code == fault.CodeInvalid && f.Field == "email":
		return "INVALID_EMAIL"
	case f.Code == fault.CodeInvalid && f.Field == "password":
		return "WEAK_PASSWORD"
	case f.Code == fault.CodeInvalid:
		return "INVALID_INPUT"
	case f.Code == fault.CodeUnauthenticated:
		return "AUTH_REQUIRED"
	case f.Code == fault.CodeLimit:
		return "RATE_LIMIT_EXCEEDED"
	}
	return string(f.Code)
}

package fault

import (
	"fmt"
	"net/http"
	"time"
)

// shown says how a code leaves the service: as a userError of a mutation (where the person can mend it)
// and as an HTTP status on plain routes.
type shown struct {
	userError bool
	status    int
}

func table(code Code) shown {
	switch code {
	case CodeInvalid:
		return shown{true, http.StatusBadRequest}
	case CodeNotFound:
		return shown{true, http.StatusNotFound}
	case CodeForbidden:
		return shown{true, http.StatusForbidden}
	case CodeConflict, CodeInvalidState:
		return shown{true, http.StatusConflict}
	case CodePlanLimit:
		return shown{true, http.StatusPaymentRequired}
	case CodeExpired, CodeCursorExpired:
		return shown{true, http.StatusGone}
	case CodeLimitExceeded:
		return shown{true, http.StatusTooManyRequests}
	case CodeUnauthenticated:
		return shown{false, http.StatusUnauthorized}
	case CodeLimit:
		return shown{false, http.StatusTooManyRequests}
	case CodeUnavailable:
		return shown{false, http.StatusServiceUnavailable}
	}
	return shown{false, http.StatusInternalServerError}
}

// UserError says whether a mutation answers with this fault as data; the others are top-level errors.
func (f *Fault) UserError() bool { return table(f.Code).userError }

// Status is the HTTP status of this fault on a plain route.
func (f *Fault) Status() int { return table(f.Code).status }

// Invalid is input that can never be right; field names the argument.
func Invalid(field, format string, args ...any) *Fault {
	return &Fault{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// NotFound is the one answer for what does not exist and for what the viewer may not know of.
func NotFound(thing string) *Fault {
	return &Fault{Code: CodeNotFound, Message: "There is no such " + thing + "."}
}

// Forbidden is for a member whose role does not reach.
func Forbidden(format string, args ...any) *Fault {
	return &Fault{Code: CodeForbidden, Message: fmt.Sprintf(format, args...)}
}

// Unauthenticated is for whoever did not say who they are.
func Unauthenticated() *Fault {
	return &Fault{Code: CodeUnauthenticated, Message: "Sign in to do this."}
}

// Conflict is for a change that another change made impossible.
func Conflict(format string, args ...any) *Fault {
	return &Fault{Code: CodeConflict, Message: fmt.Sprintf(format, args...)}
}

// InvalidState is for a thing that is not in a state in which this can be done.
func InvalidState(format string, args ...any) *Fault {
	return &Fault{Code: CodeInvalidState, Message: fmt.Sprintf(format, args...)}
}

// Expired is for what was right once.
func Expired(format string, args ...any) *Fault {
	return &Fault{Code: CodeExpired, Message: fmt.Sprintf(format, args...)}
}

// CursorExpired tells a subscriber to read the list again and subscribe without a cursor.
func CursorExpired() *Fault {
	return &Fault{Code: CodeCursorExpired, Message: "This cursor is too old to replay. Read the current state, then subscribe without a cursor."}
}

// Limit is for whoever asks too much; retryAfter is 0 when waiting does not help.
func Limit(retryAfter time.Duration, format string, args ...any) *Fault {
	return &Fault{Code: CodeLimit, Message: fmt.Sprintf(format, args...), RetryAfter: retryAfter}
}

// LimitExceeded is for what an organization's own rules do not allow: the rules may be changed, and the client
// is told which one it was. field names the argument, if one is at fault.
func LimitExceeded(field string, limit Ceiling, format string, args ...any) *Fault {
	return &Fault{Code: CodeLimitExceeded, Field: field, Message: fmt.Sprintf(format, args...), Ceiling: &limit}
}

// PlanLimit is for an organization that has used up what its plan includes: not waiting helps, but a larger one.
func PlanLimit(format string, args ...any) *Fault {
	return &Fault{Code: CodePlanLimit, Message: fmt.Sprintf(format, args...)}
}

// Unavailable is for a part of ours or of a vendor's that does not answer now; trying again is right.
func Unavailable(cause error) *Fault {
	return &Fault{Code: CodeUnavailable, Message: "This cannot be done right now. Try again in a moment.", RetryAfter: time.Second, cause: cause}
}

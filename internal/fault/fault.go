// Package fault is the closed list of ways in which this service fails on purpose. A fault has a code
// for the machine, a sentence for the person and, where there is one, a cause for the operator's log.
// Everything that is not a fault is a bug or an outage: it is logged whole and shown as one sentence.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code names a way to fail. The table in codes.go says how each is shown.
type Code string

const (
	CodeInvalid         Code = "INVALID"
	CodeNotFound        Code = "NOT_FOUND"
	CodeForbidden       Code = "FORBIDDEN"
	CodeUnauthenticated Code = "UNAUTHENTICATED"
	CodeConflict        Code = "CONFLICT"
	CodeInvalidState    Code = "INVALID_STATE"
	CodeExpired         Code = "EXPIRED"
	CodeCursorExpired   Code = "CURSOR_EXPIRED"
	CodeLimit           Code = "LIMIT"
	CodeLimitExceeded   Code = "LIMIT_EXCEEDED"
	CodeUnavailable     Code = "UNAVAILABLE"
	CodePlanLimit       Code = "PLAN_LIMIT_EXCEEDED"
)

// Fault is an expected failure.
type Fault struct {
	Code       Code
	Field      string        // the input that is at fault, e.g. "sizeBytes"; empty when none is
	Message    string        // a sentence for a person; never holds a secret or another tenant's data
	RetryAfter time.Duration // for Limit and Unavailable: when to come back; 0 when unknown
	Ceiling    *Ceiling      // for LimitExceeded: which limit it was
	cause      error
}

// Ceiling is a limit that an organization set or has, by the name that clients know.
type Ceiling struct {
	Name string
	Most *int // nil where the limit is no number
}

// Error gives the operator's view: code, sentence and cause.
func (f *Fault) Error() string {
	if f.cause != nil {
		return fmt.Sprintf("%s: %s: %v", f.Code, f.Message, f.cause)
	}
	return fmt.Sprintf("%s: %s", f.Code, f.Message)
}

func (f *Fault) Unwrap() error { return f.cause }

// Because returns the same fault with the cause that the operator's log shows.
func (f *Fault) Because(cause error) *Fault {
	with := *f
	with.cause = cause
	return &with
}

// As finds the fault in err; nil when err is none.
func As(err error) *Fault {
	var f *Fault
	if errors.As(err, &f) {
		return f
	}
	return nil
}

// Is says whether err is a fault with this code.
func Is(err error, code Code) bool {
	f := As(err)
	return f != nil && f.Code == code
}

package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/99designs/gqlgen/graphql"
	"github.com/switchboard-voice/switchboard/graph/model"
	"github.com/switchboard-voice/switchboard/graph/websocket"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/limit"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

const (
	codeInternal = "INTERNAL"
	codeTimeout  = "TIMEOUT"
	retryAfter   = "retryAfter" // the extension, in seconds
	internalText = "Something went wrong on our side. Try again; if it stays, tell us the request id."
)

// userErrors turns a fault that a person can mend into the payload's list; argument names the mutation's
// own argument, "input" or "id". Every other error goes on as it is.
func userErrors(err error, argument string) ([]model.UserError, error) {
	f := fault.As(err)
	if f == nil || !f.UserError() {
		return []model.UserError{}, err
	}
	path := []string{argument}
	if f.Field != "" && f.Field != argument {
		path = append(path, f.Field)
	}
	if f.Ceiling != nil {
		return []model.UserError{model.CallLimitError{Code: model.UserErrorCode(f.Code), Message: f.Message, Path: path, Limit: model.CallLimit(f.Ceiling.Name), Most: f.Ceiling.Most}}, nil
	}
	var full *billing.Exceeded
	if errors.As(err, &full) {
		return []model.UserError{model.PlanLimitError{
			Code: model.UserErrorCode(f.Code), Message: f.Message, Path: path, Metric: full.Metric, Limit: int(full.Limit), Used: int(full.Used), UpgradeTo: full.UpgradeTo,
		}}, nil
	}
	return []model.UserError{model.InputError{Code: model.UserErrorCode(f.Code), Message: f.Message, Path: path}}, nil
}

// absent makes a query's field null where there is nothing that the viewer may see: the same answer for
// what does not exist.
func absent[T any](found *T, err error) (*T, error) {
	if fault.Is(err, fault.CodeNotFound) {
		return nil, nil
	}
	return found, err
}

// present is the one place where an error becomes something that a client sees. What is no fault of ours
// to tell is logged whole and shown as one sentence.
func present(ctx context.Context, err error) *gqlerror.Error {
	seen := graphql.DefaultErrorPresenter(ctx, err)
	if f := fault.As(err); f != nil {
		if f.Code == fault.CodeUnavailable {
			slog.WarnContext(ctx, "a field could not be answered", "path", seen.Path.String(), "error", f)
		}
		return shown(seen, f)
	}
	var parsed *gqlerror.Error
	if errors.As(err, &parsed) && parsed.Unwrap() == nil { // of the document itself: syntax, validation, budget
		if seen.Extensions["code"] == nil {
			labeled(seen, string(fault.CodeInvalid), seen.Message)
		}
		return seen
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return labeled(seen, codeTimeout, "This took too long. Ask for less at once.")
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return labeled(seen, codeTimeout, "The request was canceled.")
	}
	slog.ErrorContext(ctx, "a field failed", "path", seen.Path.String(), "error", err)
	return labeled(seen, codeInternal, internalText)
}

// shown is a fault as clients see it. On a socket there is no header that says when to come back.
func shown(e *gqlerror.Error, f *fault.Fault) *gqlerror.Error {
	labeled(e, string(f.Code), f.Message)
	if f.RetryAfter > 0 {
		e.Extensions[retryAfter] = limit.Seconds(f.RetryAfter)
	}
	return e
}

// reader is the subscriber of this ctx: it is told why a stream broke off in the middle.
func reader(ctx context.Context) activity.Reader {
	return activity.Reader{
		Ended: func(err error) { websocket.Fail(ctx, present(ctx, err)) },
		Pull:  func(next func() bool) bool { return websocket.Pull(ctx, next) },
	}
}

func labeled(e *gqlerror.Error, code, message string) *gqlerror.Error {
	e.Message, e.Err = message, nil
	if e.Extensions == nil {
		e.Extensions = map[string]any{}
	}
	e.Extensions["code"] = code
	return e
}

// recovered keeps a panic's trace in the log and out of the answer.
func recovered(ctx context.Context, p any) error {
	slog.ErrorContext(ctx, "a resolver panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return &gqlerror.Error{Message: internalText, Extensions: map[string]any{"code": codeInternal}}
}

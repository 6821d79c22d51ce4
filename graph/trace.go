package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
	"github.com/vektah/gqlparser/v2/ast"
)

// tracing makes a span an operation and none a field: a page of a list has thousands of those. The span of a
// subscription ends when its stream stands, else nobody would see it before the socket closes; each event
// that the stream brings has one of its own, in the trace of what happened.
func tracing(t *telemetry.Tracing) graphql.OperationMiddleware {
	return func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		operation := graphql.GetOperationContext(ctx).Operation
		ctx, done := t.Operation(ctx, string(operation.Operation), operation.Name)
		if operation.Operation == ast.Subscription {
			defer done("")
			return next(t.Stream(ctx))
		}
		responses := next(ctx)
		return func(ctx context.Context) (response *graphql.Response) {
			defer func() { done(errorCode(response)) }()
			return responses(ctx)
		}
	}
}

// errorCode is that of the first error; empty when there is none.
func errorCode(response *graphql.Response) string {
	if response == nil || len(response.Errors) == 0 {
		return ""
	}
	code, _ := response.Errors[0].Extensions["code"].(string)
	if code == "" {
		return codeInternal
	}
	return code
}

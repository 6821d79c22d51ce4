package telemetry

import (
	"context"
	"sync/atomic"
)

type requestKey struct{}

// WithRequestID gives all lines that are logged with the context this id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID is empty outside of a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

type statementsKey struct{}

// Statements counts what one request asked of the database.
type Statements struct{ n atomic.Int64 }

// Count is the number so far.
func (s *Statements) Count() int64 { return s.n.Load() }

// WithStatements begins to count for a request.
func WithStatements(ctx context.Context) (context.Context, *Statements) {
	s := &Statements{}
	return context.WithValue(ctx, statementsKey{}, s), s
}

// CountStatement is for the database's tracer. Outside of a request it counts nothing.
func CountStatement(ctx context.Context) {
	if s, ok := ctx.Value(statementsKey{}).(*Statements); ok {
		s.n.Add(1)
	}
}

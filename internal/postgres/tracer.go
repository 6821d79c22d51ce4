package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// tracer counts statements, as their number is what a page of the product costs, and bounds the wait for
// a connection, which the pool itself leaves to the caller.
type tracer struct{ counted func(context.Context) }

var (
	_ pgxpool.AcquireTracer = tracer{}
	_ pgx.BatchTracer       = tracer{}
)

func (t tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	if t.counted != nil {
		t.counted(ctx)
	}
	return ctx
}

func (t tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Statements that go out together are counted one by one.
func (t tracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchQueryData) {
	if t.counted != nil {
		t.counted(ctx)
	}
}

func (t tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (t tracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

type waitKey struct{}

// TraceAcquireStart gives the context that the wait, and nothing after it, runs in. Where a connection is
// yet to be made the time is what that takes: a database that wakes up must not look like a crowd.
func (t tracer) TraceAcquireStart(ctx context.Context, pool *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	most := connectTimeout
	if s := pool.Stat(); s.AcquiredConns() >= s.MaxConns() {
		most = busyTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	return context.WithValue(ctx, waitKey{}, cancel)
}

// TraceAcquireEnd frees the timer.
func (t tracer) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if cancel, ok := ctx.Value(waitKey{}).(context.CancelFunc); ok {
		cancel()
	}
}

package postgres

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// traced is the tracer with a span for each statement. A ready-made one keeps the texts of errors, and
// Postgres quotes values in those.
type traced struct {
	tracer
	traces *telemetry.Tracing
}

var (
	_ pgxpool.AcquireTracer = traced{}
	_ pgx.CopyFromTracer    = traced{}
	_ pgx.BatchTracer       = traced{}
)

// tracing is what a connection is opened with.
func tracing(c Config) pgx.QueryTracer {
	counting := tracer{counted: c.Counted}
	if c.Traces == nil {
		return counting
	}
	return traced{counting, c.Traces}
}

func (t traced) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	return t.traces.Statement(t.tracer.TraceQueryStart(ctx, conn, data), statementName(data.SQL))
}

func (t traced) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	t.traces.StatementDone(ctx, sqlState(data.Err))
}

// A batch is one span: it is one trip.
func (t traced) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	return t.traces.Statement(ctx, statementName(data.Batch.QueuedQueries[0].SQL))
}

func (t traced) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchEndData) {
	t.traces.StatementDone(ctx, sqlState(data.Err))
}

func (t traced) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	return t.traces.Statement(ctx, "COPY "+strings.Join(data.TableName, "."))
}

func (t traced) TraceCopyFromEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	t.traces.StatementDone(ctx, sqlState(data.Err))
}

// statementName is what sqlc, in our queries and River's, wrote into the first line; else the first word, if it
// is one of SQL's. Whatever else stands in a statement stays here.
func statementName(sql string) string {
	if named, ok := strings.CutPrefix(sql, "-- name: "); ok {
		name, _, _ := strings.Cut(named, " ")
		return name
	}
	end := strings.IndexFunc(sql, func(r rune) bool { return !unicode.IsLetter(r) })
	if end < 0 {
		end = len(sql)
	}
	switch word := strings.ToUpper(sql[:end]); word {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "WITH":
		return word
	}
	return "other"
}

// sqlState is empty for what went well.
func sqlState(err error) string {
	var refused *pgconn.PgError
	switch {
	case err == nil || Missing(err):
		return ""
	case errors.As(err, &refused):
		return refused.Code
	}
	return "lost"
}

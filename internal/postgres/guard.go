package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// guarded is the pool for statements outside a transaction. A statement that surely never reached the
// server (a connection that died in the pool) is sent once more, and a database that is away becomes a
// fault that says: try again.
type guarded struct{ *pgxpool.Pool }

func (g guarded) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := g.Pool.Exec(ctx, sql, args...)
	if again(ctx, err) {
		tag, err = g.Pool.Exec(ctx, sql, args...)
	}
	return tag, unavailable(err)
}

func (g guarded) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	rows, err := g.Pool.Query(ctx, sql, args...)
	if again(ctx, err) {
		rows, err = g.Pool.Query(ctx, sql, args...)
	}
	return guardedRows{rows}, unavailable(err)
}

// QueryRow reads through Query, whose error comes before Scan and can be seen here.
func (g guarded) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := g.Query(ctx, sql, args...)
	return guardedRow{rows, err}
}

func again(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && pgconn.SafeToRetry(err)
}

type guardedRows struct{ pgx.Rows }

func (r guardedRows) Err() error { return unavailable(r.Rows.Err()) }

type guardedRow struct {
	rows pgx.Rows
	err  error
}

func (r guardedRow) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	defer r.rows.Close()
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return pgx.ErrNoRows
	}
	if err := r.rows.Scan(into...); err != nil {
		return err
	}
	r.rows.Close()
	return r.rows.Err()
}

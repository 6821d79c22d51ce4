package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// tries of one read: the pool asks only connections that were idle for a second whether they live, so
	// that after a restart of the server several in a row may be dead. Not more, as a statement that makes
	// the server crash would do so at each.
	tries = 3
	// statementTimeout is far above what any statement takes. Streams have no end of their own, and must not
	// hang on a server that went away without a word.
	statementTimeout = 30 * time.Second
)

// guarded is the pool for statements outside a transaction. A statement that surely never reached the
// server (a connection that died in the pool) is sent once more, and so is every read; a database that is
// away becomes a fault that says: try again.
type guarded struct{ *pgxpool.Pool }

func (g guarded) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	bounded, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	tag, err := g.Pool.Exec(bounded, sql, args...)
	if err != nil && ctx.Err() == nil && pgconn.SafeToRetry(err) {
		tag, err = g.Pool.Exec(bounded, sql, args...)
	}
	return tag, unavailable(ctx, err)
}

func (g guarded) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	bounded, cancel := context.WithTimeout(ctx, statementTimeout)
	r := &guardedRows{ctx: ctx, cancel: cancel, read: reads(sql), left: tries}
	r.ask = func() (pgx.Rows, error) { return g.Pool.Query(bounded, sql, args...) }
	if err := r.open(); err != nil {
		cancel()
		return nil, err
	}
	return r, nil
}

// QueryRow reads through Query, whose error comes before Scan and can be seen here.
func (g guarded) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	rows, err := g.Query(ctx, sql, args...)
	return guardedRow{rows, err}
}

// reads says whether a statement changes nothing, so that it may be sent twice.
func reads(sql string) bool {
	for strings.HasPrefix(sql, "--") { // sqlc puts the query's name first
		_, sql, _ = strings.Cut(sql, "\n")
	}
	return strings.HasPrefix(sql, "SELECT") && !strings.Contains(sql, "FOR UPDATE")
}

// died says that a connection broke under a statement, unlike a database that cannot be reached at all.
func died(err error) bool {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) { // the server took leave: of this session, or of all after a crash
		return pg.Code == "57P01" || pg.Code == "57P02"
	}
	var network net.Error
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network) || pgconn.SafeToRetry(err)
}

// guardedRows asks again when the connection dies before the first row.
type guardedRows struct {
	pgx.Rows
	ctx    context.Context // the caller's
	cancel context.CancelFunc
	ask    func() (pgx.Rows, error)
	read   bool
	left   int // tries
	err    error
}

func (r *guardedRows) open() error {
	for {
		r.left--
		rows, err := r.ask()
		if err == nil {
			r.Rows = rows
			return nil
		}
		if !r.again(err) {
			return unavailable(r.ctx, err)
		}
	}
}

func (r *guardedRows) again(err error) bool {
	return err != nil && r.left > 0 && r.ctx.Err() == nil && (pgconn.SafeToRetry(err) || r.read && died(err))
}

func (r *guardedRows) Next() bool {
	for !r.Rows.Next() {
		if !r.again(r.Rows.Err()) {
			return false
		}
		if r.err = r.open(); r.err != nil {
			return false
		}
	}
	r.left = 0 // what came would come twice
	return true
}

func (r *guardedRows) Err() error {
	if r.err != nil {
		return r.err
	}
	return unavailable(r.ctx, r.Rows.Err())
}

func (r *guardedRows) Close() {
	r.Rows.Close()
	r.cancel()
}

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

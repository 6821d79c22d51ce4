package test

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// rows asks the database itself, for what no public door shows.
func (a *app) rows(query string, args ...any) (n int) {
	a.t.Helper()
	a.scan(&n, query, args...)
	return n
}

func (a *app) scan(into any, query string, args ...any) {
	a.t.Helper()
	a.sql(func(ctx context.Context, conn *pgx.Conn) error { return conn.QueryRow(ctx, query, args...).Scan(into) })
}

func (a *app) exec(statement string, args ...any) {
	a.t.Helper()
	a.sql(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, statement, args...)
		return err
	})
}

func (a *app) sql(do func(context.Context, *pgx.Conn) error) {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := a.connections().Acquire(ctx)
	if err != nil {
		a.t.Fatalf("connecting to the database: %v", err)
	}
	defer conn.Release()
	if err := do(ctx, conn.Conn()); err != nil {
		a.t.Fatalf("asking the database: %v", err)
	}
}

// askers are the test's own connections to the database of an app.
type askers struct {
	making sync.Mutex
	pool   *pgxpool.Pool
}

// connections are kept: to make one costs more than what a test asks on it.
func (a *app) connections() *pgxpool.Pool {
	a.t.Helper()
	a.askers.making.Lock()
	defer a.askers.making.Unlock()
	if pool := a.askers.pool; pool != nil && pool.Config().ConnString() == a.database {
		return pool
	}
	config, err := pgxpool.ParseConfig(a.database)
	if err != nil {
		a.t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["application_name"] = "test"                             // told from the program's by those who kill connections
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec                   // some tests change the tables
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true } // some crash the server
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(pool.Close)
	a.askers.pool = pool
	return pool
}

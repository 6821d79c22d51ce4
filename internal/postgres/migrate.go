package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// JobsSchema is where River keeps its tables.
const JobsSchema = "river"

// Migration is one step and whether it is done.
type Migration struct {
	Version int64
	File    string
	Applied bool
}

// Migrate brings the schemas "switchboard" and "river" up to date. Several processes may run it at the
// same time: one works, the others wait for a lock that covers both. It needs a direct connection: the lock
// lives in the session.
func Migrate(ctx context.Context, directURL string, files fs.FS) (applied int, err error) {
	err = withProvider(ctx, directURL, files, func(provider *goose.Provider, pool *pgxpool.Pool) error {
		results, err := provider.Up(ctx)
		if err != nil {
			return fmt.Errorf("migrating: %w", err)
		}
		jobs, err := jobsMigrator(pool)
		if err != nil {
			return err
		}
		moved, err := jobs.Migrate(ctx, rivermigrate.DirectionUp, nil)
		if err != nil {
			return fmt.Errorf("migrating the job tables: %w", err)
		}
		applied = len(results) + len(moved.Versions)
		return nil
	})
	return applied, err
}

// Status lists every migration of ours.
func Status(ctx context.Context, directURL string, files fs.FS) (list []Migration, err error) {
	err = withProvider(ctx, directURL, files, func(provider *goose.Provider, _ *pgxpool.Pool) error {
		all, err := provider.Status(ctx)
		for _, m := range all {
			list = append(list, Migration{Version: m.Source.Version, File: m.Source.Path, Applied: m.State == goose.StateApplied})
		}
		return err
	})
	return list, err
}

// Migrated says what is wrong when the schema is older than this program. A newer one is fine: during a
// rolling deploy the old program goes on for a while.
func (s *Store) Migrated(ctx context.Context, files fs.FS) error {
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		return fmt.Errorf("reading migrations: %w", err)
	}
	var version int64
	if err := s.pool.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM switchboard.goose_db_version").Scan(&version); err != nil {
		return fmt.Errorf("reading the schema's version: %w", err)
	}
	if version < int64(len(names)) {
		return fmt.Errorf("the database schema is at version %d and this program needs %d: run switchboard migrate up", version, len(names))
	}
	return nil
}

func withProvider(ctx context.Context, url string, files fs.FS, do func(*goose.Provider, *pgxpool.Pool) error) error {
	parsed, err := pgxpool.ParseConfig(url)
	if err != nil {
		return errors.New("the direct database URL cannot be read") // the cause would show the password
	}
	parsed.MaxConns = migrateConns
	pool, err := pgxpool.NewWithConfig(ctx, parsed)
	if err != nil {
		return fmt.Errorf("opening the direct connection: %w", err)
	}
	defer pool.Close()
	conn := stdlib.OpenDBFromPool(pool)
	defer func() { _ = conn.Close() }()
	unlock, err := alone(ctx, conn)
	if err != nil {
		return err
	}
	defer unlock()
	if err := makeSchemas(ctx, conn); err != nil {
		return err
	}
	store, err := database.NewStore(database.DialectPostgres, "switchboard.goose_db_version")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider("", conn, files, goose.WithStore(store), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	return do(provider, pool)
}

const (
	// migrateConns are the lock's, goose's and River's, whatever the URL says: with fewer they wait for each other.
	migrateConns = 3
	// lockEvery and lockTries make five minutes: longer than a large index takes, and a deploy that hangs is seen.
	lockEvery, lockTries = 1, 300
)

// alone waits until nobody else migrates. The lock is goose's own, so that a program of an older version waits
// too, but held around everything: goose would give it back before River begins. It is asked for again and
// again, as CREATE INDEX CONCURRENTLY would wait for whoever waits in the database.
func alone(ctx context.Context, conn *sql.DB) (unlock func(), err error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(lockEvery, lockTries))
	if err != nil {
		return nil, err
	}
	session, err := conn.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the direct connection: %w", err)
	}
	if err := locker.SessionLock(ctx, session); err != nil {
		return nil, errors.Join(fmt.Errorf("waiting for others who migrate: %w", err), session.Close())
	}
	return func() { // the lock goes with the connection, which is closed next, should this not reach the server
		_ = errors.Join(locker.SessionUnlock(context.WithoutCancel(ctx), session), session.Close())
	}, nil
}

// makeSchemas stands before the migrations because goose keeps its own table in there.
func makeSchemas(ctx context.Context, conn *sql.DB) error {
	_, err := conn.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS switchboard; CREATE SCHEMA IF NOT EXISTS river`)
	if err != nil {
		return fmt.Errorf("making the schemas: %w", err)
	}
	return nil
}

func jobsMigrator(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	return rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: JobsSchema, Logger: slog.New(slog.DiscardHandler)})
}

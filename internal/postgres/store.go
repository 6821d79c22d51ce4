// Package postgres is the way to the database: a pool, transactions that several rooms can join, one
// connection that listens, the migrations, and what a constraint's violation means. Queries are written
// for a transaction pooler: no named prepared statements, no session state, every table with its schema.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// Config says where the database is.
type Config struct {
	URL      string
	MaxConns int32                                         // 0: 10, which two cores keep busy
	Counted  func(ctx context.Context)                     // called for each statement sent; may be nil
	Wake     func(ctx context.Context, topics []uuid.UUID) // called after a commit with what it recorded; may be nil
	Traces   *telemetry.Tracing                            // nil: no spans
	// Rehearse, in tests, runs each transaction once in vain before it counts, as after a deadlock: whoever
	// builds on what an earlier run left in memory is found there.
	Rehearse bool
}

// Store is a pool of connections.
type Store struct {
	*db.Queries
	pool *pgxpool.Pool
	wake func(context.Context, []uuid.UUID)

	rehearse bool
}

const (
	// connectTimeout is what a cold serverless database needs to wake, with some to spare.
	connectTimeout = 10 * time.Second
	// rollbackTimeout bounds the clean-up of a transaction whose caller has gone.
	rollbackTimeout = 2 * time.Second
	// readyTimeout keeps a health check shorter than the checker's patience.
	readyTimeout = 2 * time.Second
	// busyTimeout is how long a request waits for a connection when all are in use: whoever waits longer is
	// told to come again, else a crowd would wait for ever and hold its memory.
	busyTimeout = 2 * time.Second
	// beginQuery ends in the server what a process that died or hangs left behind: its locks would else block an
	// organization until the network notices, which takes hours. SET LOCAL passes transaction poolers. Nothing
	// of ours waits 5 s for a lock, runs 30 s, or pauses that long inside.
	beginQuery = "BEGIN; SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'; SET LOCAL idle_in_transaction_session_timeout = '30s'"
)

// Open makes the pool. It does not wait for the database; Ready says whether that answers.
func Open(ctx context.Context, c Config) (*Store, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("the database URL cannot be read: check NEON_PG_CONN or DATABASE_URL") // the cause would show the password
	}
	config.MaxConns = 10
	if c.MaxConns > 0 {
		config.MaxConns = c.MaxConns
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	// Behind a transaction pooler a named statement is prepared on one server connection and run on
	// another: only descriptions are cached.
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	config.ConnConfig.Tracer = tracing(c)
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		return nil
	}
	config.PrepareConn = writable
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("opening the pool: %w", err)
	}
	return &Store{Queries: db.New(guarded{pool}), pool: pool, wake: c.Wake, rehearse: c.Rehearse}, nil
}

// Pool is for River, which brings its own queries.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Notify tells every listening process; the payload carries ids only.
func (s *Store) Notify(ctx context.Context, payload string) error {
	_, err := s.pool.Exec(ctx, "SELECT pg_notify($1, $2)", Channel, payload)
	return err
}

// Close waits for the connections in use.
func (s *Store) Close() { s.pool.Close() }

// Ready says whether the database answers and takes writes.
func (s *Store) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	var readOnly bool // also when an operator, or a full disk, made it so
	err := s.pool.QueryRow(ctx, "SELECT current_setting('transaction_read_only')::boolean").Scan(&readOnly)
	if err == nil && readOnly {
		return errors.New("the database is read-only")
	}
	return err
}

// Tx is a running transaction: the queries, and the pgx transaction for River. Who holds it is in it.
type Tx struct {
	*db.Queries
	Raw    pgx.Tx
	topics []uuid.UUID
}

// WakeAfterCommit notes topics to be woken once the transaction is committed; nobody is woken when it fails.
func (tx *Tx) WakeAfterCommit(topics ...uuid.UUID) { tx.topics = append(tx.topics, topics...) }

// errRehearsed rolls a rehearsal back.
var errRehearsed = errors.New("this run does not count")

// InTx runs do in a transaction and commits it when do gives no error. No network call belongs inside.
// When Postgres ends the transaction because it and another one wait for each other, it runs again: do
// must not build on what an earlier run of it left in memory; Config.Rehearse checks that.
func (s *Store) InTx(ctx context.Context, do func(tx *Tx) error) (err error) {
	if s.rehearse {
		_ = s.once(ctx, func(tx *Tx) error { return errors.Join(errRehearsed, do(tx)) }) // what it says, it says again
	}
	for range tries {
		if err = s.once(ctx, do); !deadlocked(err) || ctx.Err() != nil {
			break
		}
	}
	return err
}

func (s *Store) once(ctx context.Context, do func(tx *Tx) error) error {
	raw, err := s.begin(ctx)
	if err != nil {
		return unavailable(ctx, err)
	}
	tx := &Tx{Queries: db.New(raw), Raw: raw}
	defer rollback(raw)
	if err := do(tx); err != nil {
		return unavailable(ctx, err)
	}
	if err := raw.Commit(ctx); err != nil {
		return unavailable(ctx, fmt.Errorf("committing: %w", err))
	}
	if s.wake != nil && len(tx.topics) > 0 {
		s.wake(ctx, tx.topics)
	}
	return nil
}

// begin takes another connection when the first ones turn out to be dead: nothing has happened on them.
func (s *Store) begin(ctx context.Context) (raw pgx.Tx, err error) {
	for range tries {
		raw, err = s.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginQuery})
		if err == nil || ctx.Err() != nil || !died(err) {
			break
		}
	}
	return raw, err
}

// rollback ends what was not committed, also when the caller's context is done.
func rollback(raw pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	if err := raw.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		slog.Debug("rolling back", "error", err)
	}
}

// unavailable turns the loss of the database into a fault that says: try again. It is no loss when the
// caller's own time is over.
func unavailable(ctx context.Context, err error) error {
	if err != nil && ctx.Err() == nil && fault.As(err) == nil && Lost(err) {
		return fault.Unavailable(err)
	}
	return err
}

// writable drops a connection to a server that became read-only, as after a failover: without this the
// pool would keep it for an hour.
func writable(_ context.Context, conn *pgx.Conn) (bool, error) {
	return conn.PgConn().ParameterStatus("in_hot_standby") != "on", nil
}

package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// Channel is the one NOTIFY channel of the service.
const Channel = "switchboard"

// Listener holds the one connection that listens. It needs a direct connection: through a transaction
// pooler LISTEN succeeds and then never delivers, so each connection proves itself by a NOTIFY of its own.
type Listener struct {
	URL    string
	Heard  func(payload string) // a notification; runs on the listener's goroutine, so it must not block
	Missed func()               // some may have been missed: called after each (re)connect
}

const (
	proofPayload  = "proof"
	proofTimeout  = 5 * time.Second
	keepAliveTime = 30 * time.Second // a silent connection is asked this often whether it is still there
	slowestRetry  = 10 * time.Second
)

// Run listens until ctx ends, connecting again as often as it takes.
func (l Listener) Run(ctx context.Context) {
	for wait := 100 * time.Millisecond; ctx.Err() == nil; wait = min(wait*2, slowestRetry) {
		started := time.Now()
		err := l.session(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > slowestRetry {
			wait = 100 * time.Millisecond
		}
		slog.Warn("the listening connection ended; live updates come from the sweep until it is back", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait)): // jitter: replicas do not come back in step
		}
	}
}

func (l Listener) session(ctx context.Context) error {
	conn, err := connect(ctx, l.URL)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = conn.Close(closing)
	}()
	if err := prove(ctx, conn, l.URL); err != nil {
		return err
	}
	l.Missed()
	for {
		if err := l.next(ctx, conn); err != nil {
			return err
		}
	}
}

// CanListen says whether notifications are heard at this address; the error says why not.
func CanListen(ctx context.Context, url string) error {
	conn, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return prove(ctx, conn, url)
}

// connect gives up on an address where nobody answers: the system's own patience is minutes.
func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the direct database URL cannot be read: check DATABASE_URL_UNPOOLED") // the cause would show the password
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // the address may be a pooler: nothing is prepared
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	return conn, nil
}

// prove listens and hears what another connection says. What a session tells itself comes with the answer to
// its own statement, and a transaction pooler passes that on.
func prove(ctx context.Context, conn *pgx.Conn, url string) error {
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	if _, err := conn.Exec(ctx, "LISTEN "+Channel); err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	other, err := connect(ctx, url)
	if err != nil {
		return fmt.Errorf("proving: %w", err)
	}
	defer func() { _ = other.Close(context.WithoutCancel(ctx)) }()
	if _, err := other.Exec(ctx, "SELECT pg_notify($1, $2)", Channel, proofPayload); err != nil {
		return fmt.Errorf("proving: %w", err)
	}
	if _, err := conn.WaitForNotification(ctx); err != nil {
		return fmt.Errorf("LISTEN is not heard on this connection (a transaction pooler? set DATABASE_URL_UNPOOLED): %w", err)
	}
	return nil
}

// next waits for one notification; after a silence it asks the server for a sign of life.
func (l Listener) next(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, keepAliveTime)
	defer cancel()
	n, err := conn.WaitForNotification(waiting)
	if err == nil {
		if n.Payload != proofPayload {
			l.Heard(n.Payload)
		}
		return nil
	}
	if ctx.Err() != nil || waiting.Err() == nil {
		return err
	}
	asking, done := context.WithTimeout(ctx, proofTimeout)
	defer done()
	return conn.Ping(asking)
}

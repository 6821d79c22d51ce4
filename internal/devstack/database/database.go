// Package database runs a Postgres of its own for development and for tests. It finds or fetches the
// programs, keeps the data in a folder between starts, listens on 127.0.0.1 only, never runs Postgres as
// root and never deletes data that it was not asked to throw away.
package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options says which database is wanted.
type Options struct {
	Home           string                           // the folder that keeps it between starts; made when it is not there
	Port           int                              // 0: a free one, the same again at the next start
	Durable        bool                             // true: survives a power cut; false: faster, and its clock runs in a half-hour zone
	Name           string                           // of the database; empty: switchboard
	MaxConnections int                              // 0: 100
	Say            func(format string, args ...any) // tells a person what takes long or may surprise; may be nil
}

// Server is a running Postgres.
type Server struct {
	URL  string // of the database, as a superuser
	Data string // the folder with the data

	process process
	lock    io.Closer // nil: another program started the server and will stop it
	after   func() error
	stop    sync.Once
	stopped error
}

const (
	// superuser is not named like a schema of ours: Postgres looks for tables in the schema of the user's
	// name first, and SQL that forgot the schema would work here and nowhere else.
	superuser = "postgres"
	// startTimeout covers a first start that fetches 60 MB over a slow line.
	startTimeout = 5 * time.Minute
	// pollTime is how often something is looked at that tells nobody when it changes.
	pollTime = 20 * time.Millisecond
)

// Start starts the database of a home. A server that a killed program left behind is taken over; one that
// another living program has started is used along with it, and stops when that program stops it.
func Start(ctx context.Context, o Options) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	o, err := o.filled()
	if err != nil {
		return nil, err
	}
	where, err := settle(o.Home, o.Say)
	if err != nil {
		return nil, err
	}
	for {
		lock, err := lockFile(filepath.Join(where.dir, "lock"))
		if err != nil {
			return nil, fmt.Errorf("locking the database's folder: %w", err)
		}
		if lock != nil {
			return own(ctx, o, where, lock)
		}
		if s, err := join(ctx, o, where); s != nil || err != nil {
			return s, err
		}
		if pause(ctx) != nil {
			return nil, fmt.Errorf("another program uses %s and its database does not answer: end that program and start again", where.dir)
		}
	}
}

// Stop ends all sessions, waits until the server has written its data, and gives the home free.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		if s.lock == nil {
			return
		}
		s.stopped = s.process.stop()
		if s.after != nil {
			s.stopped = errors.Join(s.stopped, s.after())
		}
		s.stopped = errors.Join(s.stopped, s.lock.Close())
	})
	return s.stopped
}

func (o Options) filled() (Options, error) {
	home, err := filepath.Abs(o.Home)
	if err != nil || o.Home == "" {
		return o, fmt.Errorf("the database needs a folder, not %q", o.Home)
	}
	if o.Port < 0 || o.Port > 65535 {
		return o, fmt.Errorf("%d is not a port: choose one between 1 and 65535, or 0 for any", o.Port)
	}
	o.Home = home
	if o.Name == "" {
		o.Name = "switchboard"
	}
	if o.MaxConnections == 0 {
		o.MaxConnections = 100
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	return o, nil
}

// own starts the server, or takes over the one that a killed program left; it closes the lock on failure.
func own(ctx context.Context, o Options, where place, lock io.Closer) (s *Server, err error) {
	defer func() {
		if err != nil {
			_ = lock.Close()
		}
	}()
	c, err := prepare(ctx, o, where)
	if err != nil {
		return nil, err
	}
	running, port, err := c.takeOver(ctx)
	if err == nil && running.pid == 0 {
		running, port, err = c.launch(ctx)
	}
	if err != nil {
		return nil, err
	}
	if err := c.makeDatabase(ctx, port); err != nil {
		return nil, errors.Join(err, running.stop())
	}
	return &Server{URL: c.url(port, o.Name), Data: c.data, process: running, lock: lock}, nil
}

// join looks for the running server of the program that holds the lock; nil: there is none yet.
func join(ctx context.Context, o Options, where place) (*Server, error) {
	folders, err := filepath.Glob(filepath.Join(where.dir, "data-*"))
	if err != nil {
		return nil, err
	}
	for _, data := range folders {
		found, ok := findPostmaster(data)
		c := cluster{place: where, data: data, options: o}
		if !ok || c.load() != nil || !c.answers(ctx, found.port) {
			continue
		}
		if o.Port != 0 && o.Port != found.port {
			return nil, fmt.Errorf("the database in %s already runs on port %d: end the program that started it, or use that port", where.dir, found.port)
		}
		if err := c.makeDatabase(ctx, found.port); err != nil {
			return nil, err
		}
		o.Say("using the database that another program runs in %s", where.dir)
		return &Server{URL: c.url(found.port, o.Name), Data: data}, nil
	}
	return nil, nil
}

func (c *cluster) url(port int, name string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, c.kept.Password),
		Host: "127.0.0.1:" + strconv.Itoa(port), Path: "/" + name, RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (c *cluster) makeDatabase(ctx context.Context, port int) error {
	conn, err := pgx.Connect(ctx, c.url(port, "postgres"))
	if err != nil {
		return fmt.Errorf("connecting to the new server: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	// Two programs that begin at the same time both find none; the lock ends with the session.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(7226312912)"); err != nil {
		return fmt.Errorf("waiting to make the database: %w", err)
	}
	var there bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", c.options.Name).Scan(&there); err != nil {
		return fmt.Errorf("looking for the database: %w", err)
	}
	if there {
		return nil
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{c.options.Name}.Sanitize()); err != nil {
		return fmt.Errorf("making the database: %w", err)
	}
	return nil
}

// pause waits a moment; an error says that there is no more time.
func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollTime):
		return nil
	}
}

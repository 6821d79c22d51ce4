// Package lab is what make bench and make drill stand on: the ordinary binary as a process that is looked at from
// outside, a database and a provider for it, a seed, and the crowds and floods that both of them measure. What
// is promised of the figures is theirs to say.
package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// headerTimeout is generous for a provider on this machine.
const headerTimeout = 5 * time.Second

// Options are what labs differ in.
type Options struct {
	Name     string                                                                           // of the folder
	Database func(ctx context.Context, dir string) (url string, stop func() error, err error) // an empty one
	Heard    speech.Result                                                                    // in whatever the provider gets
	Settings []string                                                                         // of all servers, as NAME=value
}

// Lab is one database, one provider and the server on them.
type Lab struct {
	Dir                string
	Database           string        // its URL
	Pool               *pgxpool.Pool // for what no public door shows
	Provider           *assemblyai.Server
	ProviderURL        string
	Auth, Key, Webhook string // secrets
	Program            string // what runs; empty: the binary that make build leaves
	Server             *Process

	settings  []string
	processes []*Process
	closers   []func() error // in the order of their making
}

// Open builds it all. Close is needed also after an error.
func Open(ctx context.Context, o Options) (*Lab, error) {
	l := &Lab{Auth: rand.Text() + rand.Text(), Key: rand.Text(), Webhook: rand.Text(), settings: o.Settings}
	for _, step := range []func(context.Context, Options) error{l.openDir, l.openDatabase, l.openProvider} {
		if err := step(ctx, o); err != nil {
			return l, err
		}
	}
	var err error
	l.Server, err = l.Launch(ctx)
	return l, err
}

// Close stops all that runs, the newest first.
func (l *Lab) Close() error {
	var errs []error
	for _, p := range l.processes {
		errs = append(errs, p.Stop())
	}
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	return errors.Join(errs...)
}

// AtEnd has Close do one more thing.
func (l *Lab) AtEnd(do func() error) { l.closers = append(l.closers, do) }

func (l *Lab) openDir(_ context.Context, o Options) (err error) {
	if l.Dir, err = os.MkdirTemp("", "switchboard-"+o.Name+"-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	l.AtEnd(func() error { return os.RemoveAll(l.Dir) })
	return os.Chmod(l.Dir, 0o711) // as root we run Postgres as another user, who must get in
}

func (l *Lab) openDatabase(ctx context.Context, o Options) error {
	address, stop, err := o.Database(ctx, l.Dir)
	if err != nil {
		return err
	}
	l.AtEnd(stop)
	return l.Use(ctx, address)
}

// Use migrates a database and makes it the one of all servers to come.
func (l *Lab) Use(ctx context.Context, address string) error {
	l.Database = address
	if _, err := postgres.Migrate(ctx, l.Database, schema.Files); err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(l.Database)
	if err != nil {
		return fmt.Errorf("reading the database's address: %w", err)
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		return nil
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("opening the pool: %w", err)
	}
	l.Pool = pool
	l.AtEnd(func() error { pool.Close(); return nil })
	return nil
}

// openProvider starts the provider in this process.
func (l *Lab) openProvider(_ context.Context, o Options) error {
	l.Provider = assemblyai.New(assemblyai.Config{
		Dir: filepath.Join(l.Dir, "provider"), Key: l.Key, Recognizer: assemblyai.Scripted{Result: o.Heard},
		AllowAudio: func(u *url.URL) bool { return u.Hostname() == "127.0.0.1" },
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening the provider's port: %w", err)
	}
	l.ProviderURL = "http://" + listener.Addr().String()
	web := &http.Server{Handler: l.Provider, ReadHeaderTimeout: headerTimeout}
	go func() { _ = web.Serve(listener) }() // ends with Close
	l.AtEnd(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), headerTimeout)
		defer cancel()
		return errors.Join(web.Close(), l.Provider.Close(ctx))
	})
	return nil
}

// Token opens a session of a person.
func (l *Lab) Token(person uuid.UUID) (string, error) {
	keys, err := authjs.NewKeys([]string{l.Auth})
	if err != nil {
		return "", err
	}
	now := time.Now()
	return keys.Mint(authjs.SessionCookie, authjs.Claims{Subject: person.String(), ID: uuid.NewString(), IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
}

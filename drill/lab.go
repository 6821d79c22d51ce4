package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"

	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// program is the ordinary binary, as make build leaves it.
const program = "bin/switchboard"

// headerTimeout is generous for a provider on this machine.
const headerTimeout = 5 * time.Second

// lab is one database, one provider and the server on them.
type lab struct {
	dir                string
	database           string        // its URL
	pool               *pgxpool.Pool // for what no public door shows
	provider           *assemblyai.Server
	providerURL        string
	auth, key, webhook string // secrets
	server             *process
	broken             int
	processes          []*process
	closers            []func() error // in the order of their making
}

// open builds it all. close is needed also after an error.
func open(ctx context.Context) (*lab, error) {
	l := &lab{auth: rand.Text() + rand.Text(), key: rand.Text(), webhook: rand.Text()}
	for _, step := range []func(context.Context) error{l.openDir, l.openDatabase, l.openProvider, l.start} {
		if err := step(ctx); err != nil {
			return l, err
		}
	}
	return l, nil
}

func (l *lab) close() error {
	var errs []error
	for _, p := range l.processes {
		errs = append(errs, p.stop())
	}
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	return errors.Join(errs...)
}

// saw prints what was done or seen.
func (l *lab) saw(format string, args ...any) { fmt.Printf("  "+format+"\n", args...) }

// promise prints one and whether it held.
func (l *lab) promise(held bool, format string, args ...any) {
	word := "ok    "
	if !held {
		word = "BROKEN"
		l.broken++
	}
	fmt.Printf("  %s  %s\n", word, fmt.Sprintf(format, args...))
}

func (l *lab) openDir(context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "switchboard-drill-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	l.closers = append(l.closers, func() error { return os.RemoveAll(l.dir) })
	return nil
}

// openDatabase makes a database on the server of withpostgres. That one does not wait for the disk: what is
// timed here is ours, and make bench has the numbers with the disk in them.
func (l *lab) openDatabase(ctx context.Context) error {
	address, err := url.Parse(os.Getenv(testdb.Variable))
	if err != nil || address.Scheme == "" {
		return fmt.Errorf("%s is not set: run make drill", testdb.Variable)
	}
	admin, err := pgx.Connect(ctx, address.String())
	if err != nil {
		return fmt.Errorf("connecting to the server: %w", err)
	}
	name := "drill_" + strings.ToLower(rand.Text()[:16])
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return errors.Join(fmt.Errorf("making a database: %w", err), admin.Close(ctx))
	}
	l.closers = append(l.closers, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		_, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, admin.Close(ctx))
	})
	address.Path = "/" + name
	l.database = address.String()
	if _, err := postgres.Migrate(ctx, l.database, schema.Files); err != nil {
		return err
	}
	return l.openPool(ctx)
}

func (l *lab) openPool(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(l.database)
	if err != nil {
		return fmt.Errorf("reading the database's address: %w", err)
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		return nil
	}
	if l.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return fmt.Errorf("opening the pool: %w", err)
	}
	l.closers = append(l.closers, func() error { l.pool.Close(); return nil })
	return nil
}

// openProvider starts the provider in this process.
func (l *lab) openProvider(context.Context) error {
	l.provider = assemblyai.New(assemblyai.Config{
		Dir: l.dir + "/provider", Key: l.key, Recognizer: assemblyai.Scripted{Result: heard()},
		AllowAudio: func(u *url.URL) bool { return u.Hostname() == "127.0.0.1" },
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening the provider's port: %w", err)
	}
	l.providerURL = "http://" + listener.Addr().String()
	web := &http.Server{Handler: l.provider, ReadHeaderTimeout: headerTimeout}
	go func() { _ = web.Serve(listener) }() // ends with Close
	l.closers = append(l.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), headerTimeout)
		defer cancel()
		return errors.Join(web.Close(), l.provider.Close(ctx))
	})
	return nil
}

// heard is a call of one word.
func heard() speech.Result {
	word := speech.Word{Text: "Hello.", End: time.Second, Confidence: 0.9}
	return speech.Result{Channels: 1, Duration: time.Second, Turns: []speech.Turn{{Words: []speech.Word{word}}}}
}

func (l *lab) start(ctx context.Context) (err error) {
	l.server, err = l.launch(ctx)
	return err
}

// token opens a session of a person.
func (l *lab) token(person uuid.UUID) (string, error) {
	keys, err := authjs.NewKeys([]string{l.auth})
	if err != nil {
		return "", err
	}
	now := time.Now()
	return keys.Mint(authjs.SessionCookie, authjs.Claims{Subject: person.String(), ID: uuid.NewString(), IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
}

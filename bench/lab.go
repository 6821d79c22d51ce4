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
	"os/exec"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/database"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

const (
	// program is the ordinary binary, as make build leaves it.
	program = "bin/switchboard"
	// headerTimeout and closeTimeout are generous for what runs on this machine.
	headerTimeout, closeTimeout = 5 * time.Second, 5 * time.Second
)

// lab is one database, one provider, the server and the yardstick beside it.
type lab struct {
	dir                          string
	database                     *database.Server
	pool                         *pgxpool.Pool // for what no public door shows
	provider                     *assemblyai.Server
	providerURL                  string
	auth, key, webhook, byHandIs string // secrets
	phone                        telephone
	seeded
	server, byHand *process
	closers        []func() error // in the order of their making
}

// open builds it all. close is needed also after an error.
func open(ctx context.Context) (*lab, error) {
	l := &lab{auth: rand.Text() + rand.Text(), key: rand.Text(), webhook: rand.Text(), byHandIs: rand.Text()}
	for _, step := range []func(context.Context) error{l.openDir, l.openDatabase, l.openProvider, l.openTelephone, l.startServer, l.startByHand} {
		if err := step(ctx); err != nil {
			return l, err
		}
	}
	return l, nil
}

func (l *lab) close() error {
	var errs []error
	for _, p := range []*process{l.byHand, l.server} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	for i := len(l.closers) - 1; i >= 0; i-- {
		errs = append(errs, l.closers[i]())
	}
	return errors.Join(errs...)
}

func (l *lab) openDir(context.Context) (err error) {
	if l.dir, err = os.MkdirTemp("", "switchboard-bench-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	l.closers = append(l.closers, func() error { return os.RemoveAll(l.dir) })
	return os.Chmod(l.dir, 0o711) // as root we run Postgres as another user, who must get in
}

// openDatabase starts a Postgres that waits for the disk at each commit, as in production: with the
// tests' one, which does not, a handler that commits would look as cheap as one that does not.
func (l *lab) openDatabase(ctx context.Context) (err error) {
	l.database, err = database.Start(ctx, database.Options{Home: filepath.Join(l.dir, "postgres"), Durable: true, Say: say})
	if err != nil {
		return fmt.Errorf("starting a database: %w", err)
	}
	l.closers = append(l.closers, func() error {
		return errors.Join(l.database.Stop(), os.RemoveAll(filepath.Dir(l.database.Data))) // elsewhere, when home cannot be entered
	})
	if _, err := postgres.Migrate(ctx, l.database.URL, schema.Files); err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(l.database.URL)
	if err != nil {
		return err
	}
	config.AfterConnect = func(_ context.Context, conn *pgx.Conn) error {
		pgxuuid.Register(conn.TypeMap())
		return nil
	}
	if l.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return fmt.Errorf("opening the pool: %w", err)
	}
	l.closers = append(l.closers, func() error { l.pool.Close(); return nil })
	l.seeded, err = seed(ctx, l.pool, idle)
	return err
}

// openProvider starts the provider in this process. It never calls back: webhooks are ours to send.
func (l *lab) openProvider(context.Context) error {
	l.provider = assemblyai.New(assemblyai.Config{
		Dir: filepath.Join(l.dir, "provider"), Key: l.key, Recognizer: assemblyai.Scripted{Result: heard()},
		AllowAudio: func(u *url.URL) bool { return u.Hostname() == "127.0.0.1" },
	})
	l.provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("opening the provider's port: %w", err)
	}
	l.providerURL = "http://" + listener.Addr().String()
	web := &http.Server{Handler: l.provider, ReadHeaderTimeout: headerTimeout}
	go func() { _ = web.Serve(listener) }() // ends with Close; what it could not answer fails the benchmark
	l.closers = append(l.closers, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		return errors.Join(web.Close(), l.provider.Close(ctx))
	})
	return nil
}

// heard is a call of two minutes, 40 turns.
func heard() speech.Result {
	result := speech.Result{Channels: 2, Duration: 2 * time.Minute}
	at := func(turn, word int) time.Duration { return time.Duration(turn*3000+word*200) * time.Millisecond }
	for turn := range 40 {
		var words []speech.Word
		for word := range wordsEach {
			words = append(words, speech.Word{Text: "word", Start: at(turn, word), End: at(turn, word+1), Confidence: 0.9})
		}
		result.Turns = append(result.Turns, speech.Turn{Channel: turn % 2, Words: words})
	}
	return result
}

// startServer starts the ordinary binary with its ordinary settings, but for one: the sweep would complete
// the transcriptions whose webhook we hold back.
func (l *lab) startServer(ctx context.Context) (err error) {
	l.server, err = launch(ctx, filepath.Join(l.dir, "server.log"), []string{program, "serve"},
		"SIGNALWIRE_PROJECT_ID="+phoneProject, "SIGNALWIRE_TOKEN="+l.phone.token, "SIGNALWIRE_SPACE_URL="+l.phone.url, "SIGNALWIRE_SIGNING_KEY="+l.phone.key,
		"METRICS_PORT=0", "DATABASE_URL="+l.database.URL, "NEXT_PUBLIC_APP_URL=https://app.example.com", "BLOB_DIR="+filepath.Join(l.dir, "blobs"),
		"AUTH_SECRET="+l.auth, "ASSEMBLYAI_API_KEY="+l.key, "ASSEMBLYAI_WEBHOOK_SECRET="+l.webhook, "ASSEMBLYAI_BASE_URL="+l.providerURL,
		"TRANSCRIPTION_ANALYSIS=NONE", "TRANSCRIPTION_CHECK_AFTER=1h",
		// All the load comes from one address.
		"LIMIT_REQUESTS_PER_USER=0", "LIMIT_REQUESTS_PER_ADDRESS=0", "LIMIT_COST_PER_USER=0", "LIMIT_COST_PER_ADDRESS=0",
		"LIMIT_WEBHOOKS_PER_ADDRESS=0", "LIMIT_LIVE_TRANSCRIPTIONS=0")
	return err
}

// restartServer gives a process whose memory no earlier measurement has touched.
func (l *lab) restartServer(ctx context.Context) error {
	old := l.server
	l.server = nil
	if err := old.stop(); err != nil {
		return err
	}
	return l.startServer(ctx)
}

func (l *lab) startByHand(ctx context.Context) (err error) {
	binary := filepath.Join(l.dir, "handwritten")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./bench/handwritten")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the program itself is built
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the yardstick: %w\n%s", err, out)
	}
	l.byHand, err = launch(ctx, filepath.Join(l.dir, "handwritten.log"), []string{binary},
		"DATABASE_URL="+l.database.URL, "TOKEN="+l.byHandIs, "WEBHOOK_SECRET="+l.webhook, "SIGNALWIRE_SIGNING_KEY="+l.phone.key)
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

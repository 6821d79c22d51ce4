package test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/database"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// fragile is a Postgres of one test, which may die.
type fragile struct {
	t       *testing.T
	options database.Options
	server  *database.Server
}

func ownPostgres(t *testing.T) *fragile {
	t.Helper()
	f := &fragile{t: t, options: database.Options{Home: filepath.Join(t.TempDir(), "postgres"), Port: freePort(t), Durable: true}}
	f.start()
	t.Cleanup(func() { _ = f.server.Stop() })
	if _, err := postgres.Migrate(within(t), f.server.URL, schema.Files); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fragile) start() {
	f.t.Helper()
	server, err := database.Start(within(f.t), f.options)
	if err != nil {
		f.t.Fatalf("starting Postgres: %v", err)
	}
	f.server = server
}

// crash ends the server as a machine that loses power does; its children go with it.
func (f *fragile) crash() {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.server.Data, "postmaster.pid"))
	if err != nil {
		f.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		f.t.Fatal(err)
	}
	_ = syscall.Kill(pid, syscall.SIGQUIT) // immediate shutdown: no goodbye to anybody, recovery at the next start
	eventually(f.t, "Postgres to be gone", func() bool { return syscall.Kill(pid, 0) != nil })
	_ = f.server.Stop()
}

func TestPostgresCrashesInTheMiddleAndNothingIsLost(t *testing.T) {
	t.Parallel()
	db := ownPostgres(t)
	a := startOn(t, db.server.URL, "TRANSCRIPTION_CHECK_AFTER=2s")
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{Delay: 3 * time.Second})
	id := p.transcribe()
	p.becomes(id, "PROCESSING")
	seen := make(chan string, 1)
	go func() { seen <- statuses(p.follow(id, nil)) }()

	db.crash()
	if status := a.knock("?while=away", `{"transcript_id":"x","status":"completed"}`, &a.secrets.webhook); status != http.StatusServiceUnavailable {
		t.Errorf("a webhook that cannot be kept is answered with %d: the sender must come again", status)
	}
	if status, _ := a.get("/ready"); status != http.StatusServiceUnavailable {
		t.Errorf("ready without a database: %d", status)
	}
	response, text := a.post(whoami, http.Header{"Authorization": {"Bearer " + p.token}})
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "UNAVAILABLE") || strings.Contains(text, "127.0.0.1") {
		t.Errorf("a query without a database: %d %s", response.StatusCode, text)
	}
	db.start()
	back := time.Now()
	eventually(t, "it to be ready again", func() bool { status, _ := a.get("/ready"); return status == http.StatusOK })
	if took := time.Since(back); took > 15*time.Second { // 5 s are promised; the machine may be busy
		t.Errorf("ready %s after Postgres was back", took)
	}
	if got := <-seen; !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("on the screen: %s", got)
	}
	if took := time.Since(back); took > 60*time.Second { // 30 s are promised
		t.Errorf("the final state was seen %s after Postgres was back", took)
	}
	if n := a.provider.Stats().Submitted; n != 1 {
		t.Errorf("submitted %d times", n)
	}
	if status := a.knock("?after", `{"transcript_id":"x","status":"completed"}`, &a.secrets.webhook); status != http.StatusOK {
		t.Errorf("a webhook afterwards: %d", status)
	}
}

func TestConnectionsThatAreKilledAllTheTimeAreInvisible(t *testing.T) {
	t.Parallel()
	a := start(t, "TRANSCRIPTION_CHECK_AFTER=2s", "TRANSCRIPTION_LOST_AFTER=4s")
	p := a.person("ours", "OPERATOR")
	stop := make(chan struct{})
	var killing sync.WaitGroup
	killing.Go(func() {
		for range time.Tick(300 * time.Millisecond) {
			select {
			case <-stop:
				return
			default:
				a.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'test'`)
			}
		}
	})
	for range 5 {
		id, err := p.Submit(within(t), client.Job{File: "../internal/devstack/samples/jfk.wav"}) // repeats what is UNAVAILABLE
		if err != nil {
			t.Fatal(err)
		}
		if got := statuses(p.follow(id, nil)); !strings.HasSuffix(got, "COMPLETED") {
			t.Errorf("on the screen: %s", got)
		}
	}
	close(stop)
	killing.Wait()
	if n := a.provider.Stats().Submitted; n != 5 {
		t.Errorf("5 transcriptions were submitted %d times", n)
	}
}

func TestListenerThatIsKilledIsBackAndNoStreamNotices(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	other := p.at(a.run()) // what happens here is heard there only through Postgres
	a.provider.SetFaults(assemblyai.Faults{Delay: 2 * time.Second})
	id := p.transcribe()
	seen := make(chan string, 1)
	go func() { seen <- statuses(other.follow(id, nil)) }()
	p.becomes(id, "PROCESSING")
	if n := a.rows(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND (query LIKE '%pg_notify($1%' OR query = 'LISTEN switchboard') AND pid <> pg_backend_pid()`); n == 0 {
		t.Fatal("there is no listener to kill: this test shows nothing")
	}
	began := time.Now()
	if got := <-seen; !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("on the screen: %s", got)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("seen after %s", took)
	}
}

func TestReadOnlyPostgresIsNotReadyAndWebhooksComeAgain(t *testing.T) {
	t.Parallel()
	a := start(t)
	var name string
	a.scan(&name, "SELECT current_database()")
	a.exec("ALTER DATABASE " + pgx.Identifier{name}.Sanitize() + " SET default_transaction_read_only = on")
	a.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	eventually(t, "it to see that it cannot write", func() bool { status, _ := a.get("/ready"); return status == http.StatusServiceUnavailable })
	if status := a.knock("", `{"transcript_id":"x","status":"completed"}`, &a.secrets.webhook); status != http.StatusServiceUnavailable {
		t.Errorf("a webhook: %d", status)
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, a.database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "SET default_transaction_read_only = off"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+pgx.Identifier{name}.Sanitize()+" RESET default_transaction_read_only"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it to be ready again, without a restart", func() bool { status, _ := a.get("/ready"); return status == http.StatusOK })
	if status := a.knock("?after", `{"transcript_id":"x","status":"completed"}`, &a.secrets.webhook); status != http.StatusOK {
		t.Errorf("a webhook afterwards: %d", status)
	}
}

func TestPoisonWebhookBlocksNobody(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	for n := range 50 {
		a.knock(fmt.Sprintf("?poison=%d", n), `{"transcript_id":"../../etc","status":"completed"}`, &a.secrets.webhook)
		a.knock(fmt.Sprintf("?submission=%s", uuid.New()), `{"transcript_id":"unknown","status":"completed"}`, &a.secrets.webhook)
	}
	began := time.Now()
	if got := statuses(p.follow(p.transcribe(), nil)); !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("on the screen: %s", got)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestClientThatLeavesInTheMiddleLeavesNoQueryBehind(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	ctx, cancel := context.WithCancel(within(t))
	locked, err := pgx.Connect(ctx, a.database)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Close(context.Background())
	tx, err := locked.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "LOCK TABLE switchboard.recordings IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	left := make(chan error, 1)
	asking, leave := context.WithCancel(ctx)
	go func() {
		left <- p.Do(asking, `query($s: String!) { organization(slug: $s) { recordings { nodes { id } } } }`, vars{"s": p.slug}, nil)
	}()
	waiting := func() int {
		return a.rows(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
	}
	eventually(t, "the query to wait in Postgres", func() bool { return waiting() == 1 })
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("the client: %v", err)
	}
	eventually(t, "the query to be gone from Postgres", func() bool { return waiting() == 0 })
	cancel()
}

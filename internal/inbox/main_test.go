package inbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// patience is far more than anything here takes on a busy machine.
const patience = 60 * time.Second

const (
	secretHeader = "X-Webhook-Secret"
	secret       = "hush-hush"
)

// room is an inbox with one source, over a database of its own.
type room struct {
	*Inbox
	address string
	queue   *jobs.Queue
	admin   *pgx.Conn // outside the inbox's pool
	url     string

	mu      sync.Mutex
	handled []Event
	counted map[string]int
	handle  func(ctx context.Context, e Event) (Matched, error)
}

func open(t *testing.T) *room {
	t.Helper()
	r := &room{address: testdb.New(t), counted: map[string]int{}}
	store, err := postgres.Open(t.Context(), postgres.Config{URL: r.address, Rehearse: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	own, err := pgxpool.New(t.Context(), r.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(own.Close)
	if r.queue, err = jobs.New(jobs.Config{Pool: own}); err != nil {
		t.Fatal(err)
	}
	source := Source{Name: AssemblyAI, Secret: secretHeader, Read: read, Handle: r.take}
	r.Inbox = New(Deps{Store: store, Jobs: r.queue, Sources: map[string]Source{"assemblyai": source}, Kept: r.count})
	mux := http.NewServeMux()
	mux.Handle("POST /api/webhooks/{source}", r.Inbox)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	r.url, r.admin = server.URL+"/api/webhooks/assemblyai", connect(t, r.address)
	return r
}

// read takes the body as the event's identity.
func read(r *http.Request, body []byte) (Delivery, error) {
	if r.Header.Get(secretHeader) != secret {
		return Delivery{}, ErrForged
	}
	return Delivery{Type: r.Header.Get("X-Type"), ExternalID: "t\x001", Same: []string{string(body)}}, nil
}

func (r *room) take(ctx context.Context, e Event) (Matched, error) {
	r.mu.Lock()
	r.handled = append(r.handled, e)
	handle := r.handle
	r.mu.Unlock()
	if handle == nil {
		return Matched{}, nil
	}
	return handle(ctx, e)
}

func (r *room) count(_, outcome string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counted[outcome]++
}

func (r *room) handles(do func(context.Context, Event) (Matched, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handle = do
}

// start lets the jobs run until the test ends.
func (r *room) start(t *testing.T) {
	t.Helper()
	if err := r.queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.queue.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
	})
}

// deliver sends a webhook and gives the status and the headers of the answer; 0 when none came.
func (r *room) deliver(ctx context.Context, body string, headers ...string) (int, http.Header) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"?submission=1", strings.NewReader(body))
	if err != nil {
		return 0, nil
	}
	request.Header.Set(secretHeader, secret)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, response.Header
}

func (r *room) number(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	if err := r.admin.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// status is how far the event with this body is; empty when there is none.
func (r *room) status(t *testing.T, body string) (status string) {
	t.Helper()
	err := r.admin.QueryRow(t.Context(), "SELECT status FROM switchboard.webhook_events WHERE body = $1", []byte(body)).Scan(&status)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return status
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// shut closes the database to everybody and ends all sessions; the test opens it again by calling what it
// is given.
func (r *room) shut(t *testing.T) (reopen func()) {
	t.Helper()
	outside := connect(t, os.Getenv(testdb.Variable))
	target, err := url.Parse(r.address)
	if err != nil {
		t.Fatal(err)
	}
	name := target.Path[1:]
	execute(t, outside, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false")
	execute(t, outside, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '"+name+"'")
	return func() {
		execute(t, outside, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS true")
		r.admin = connect(t, r.address)
	}
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

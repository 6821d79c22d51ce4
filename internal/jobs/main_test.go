package jobs

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// patience is far more than anything here takes on a busy machine.
const patience = 60 * time.Second

// office is a database of its own, on which queues work.
type office struct {
	store   *postgres.Store
	address string
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{address: testdb.New(t)}
	var err error
	if o.store, err = postgres.Open(t.Context(), postgres.Config{URL: o.address}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.store.Close)
	return o
}

// queue is one process of many.
func (o *office) queue(t *testing.T) *Queue {
	t.Helper()
	q, _ := o.process(t, Config{})
	return q
}

// process is a queue whose line to the database can be cut: to all others that is its death.
func (o *office) process(t *testing.T, c Config) (*Queue, *line) {
	t.Helper()
	parsed, err := pgxpool.ParseConfig(o.address)
	if err != nil {
		t.Fatal(err)
	}
	way := &line{}
	parsed.ConnConfig.DialFunc = way.dial
	if c.Pool, err = pgxpool.NewWithConfig(t.Context(), parsed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Pool.Close)
	q, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return q, way
}

// line is a process's way to the database.
type line struct {
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return nil, errors.Join(errors.New("the line is cut"), conn.Close())
	}
	l.conns = append(l.conns, conn)
	return conn, nil
}

// set cuts the line, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	for _, conn := range l.conns {
		_ = conn.Close() // which the other end may have done
	}
	l.conns = nil
}

func start(t *testing.T, queues ...*Queue) {
	t.Helper()
	for _, q := range queues {
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			if err := q.Stop(ctx); err != nil {
				t.Errorf("Stop: %v", err)
			}
		})
	}
}

type noteArgs struct {
	Text string `json:"text"`
}

func (noteArgs) Kind() string { return "test.note" }

func (o *office) enqueue(t *testing.T, q *Queue, texts ...string) {
	t.Helper()
	for _, text := range texts {
		err := o.store.InTx(t.Context(), func(tx *postgres.Tx) error { return q.Enqueue(t.Context(), tx, noteArgs{Text: text}) })
		if err != nil {
			t.Fatal(err)
		}
	}
}

// states are those of all jobs.
func (o *office) states(t *testing.T) map[string]int {
	t.Helper()
	rows, err := o.store.Pool().Query(t.Context(), "SELECT state::text, count(*) FROM river.river_job GROUP BY state")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	states := map[string]int{}
	for rows.Next() {
		var state string
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			t.Fatal(err)
		}
		states[state] = n
	}
	return states
}

func (o *office) number(t *testing.T, sql string) (n float64) {
	t.Helper()
	if err := o.store.Pool().QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (o *office) execute(t *testing.T, sql string) {
	t.Helper()
	if _, err := o.store.Pool().Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// runs remembers what ran.
type runs struct {
	mu   sync.Mutex
	list []Job[noteArgs]
}

func (r *runs) add(job Job[noteArgs]) (count int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, job)
	return len(r.list)
}

func (r *runs) all() []Job[noteArgs] {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Job[noteArgs](nil), r.list...)
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

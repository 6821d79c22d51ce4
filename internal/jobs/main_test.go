package jobs

import (
	"context"
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
	pool, err := pgxpool.New(t.Context(), o.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	q, err := New(Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	return q
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

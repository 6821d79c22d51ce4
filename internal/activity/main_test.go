package activity

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// patience is far more than anything here takes on a busy machine.
const patience = 60 * time.Second

// room is the service over a database of its own, with one organization.
type room struct {
	*Service
	address      string
	organization uuid.UUID
	statements   atomic.Int64 // sent by the store that streams read from
	refusal      atomic.Pointer[error]
}

func open(t *testing.T) *room {
	t.Helper()
	r := &room{address: testdb.New(t)}
	hub := live.New()
	store := pool(t, postgres.Config{URL: r.address, Wake: hub.Publish, Counted: func(context.Context) { r.statements.Add(1) }})
	r.Service = New(store, hub, func(context.Context, access.Viewer, uuid.UUID) error {
		if refused := r.refusal.Load(); refused != nil {
			return *refused
		}
		return nil
	})
	r.organization = uuid.New()
	if _, err := store.Pool().Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'One', 'one')", r.organization); err != nil {
		t.Fatal(err)
	}
	return r
}

func pool(t *testing.T, config postgres.Config) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

func (r *room) event(subject uuid.UUID) Event {
	return Event{OrganizationID: r.organization, Type: RecordingAvailable, Subject: ids.Of(ids.Recording, subject), Status: "STORED", Actor: Switchboard()}
}

// happen writes events of one subject, a transaction each.
func (r *room) happen(t *testing.T, store *postgres.Store, times int, subject uuid.UUID) {
	t.Helper()
	for range times {
		if err := store.InTx(t.Context(), func(tx *postgres.Tx) error { return Record(t.Context(), tx, r.event(subject)) }); err != nil {
			t.Fatal(err)
		}
	}
}

// stream is one watcher, read by the test.
type stream struct {
	events <-chan Seen
	ended  chan error // why the stream ended, if it said so
	stop   context.CancelFunc
}

func (r *room) watch(t *testing.T, w Watching) stream {
	t.Helper()
	w.OrganizationID = r.organization
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	s := stream{ended: make(chan error, 1), stop: cancel}
	events, err := Watch(ctx, r.Service, w, func(e Seen) Seen { return e }, Reader{Ended: func(err error) { s.ended <- err }})
	if err != nil {
		t.Fatal(err)
	}
	s.events = events
	return s
}

var errNothingCame = errors.New("nothing came")

// next takes one event; ok is false when the stream is over.
func (s stream) next(t *testing.T) (e Seen, ok bool) {
	t.Helper()
	select {
	case e, ok = <-s.events:
		return e, ok
	case <-time.After(patience):
		t.Fatal(errNothingCame)
	}
	return e, false
}

// inOrder takes the events from one number to another and no other.
func (s stream) inOrder(t *testing.T, from, to int64) {
	t.Helper()
	for want := from; want <= to; want++ {
		e, ok := s.next(t)
		if !ok || e.Number != want {
			t.Fatalf("the stream gave %d (more: %t), want %d", e.Number, ok, want)
		}
	}
}

// eventually waits until something holds that no signal tells.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func together(n int, do func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

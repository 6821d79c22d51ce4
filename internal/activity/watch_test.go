package activity

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"go.uber.org/goleak"
)

func TestWhatHappenedBeforeIsReplayedAndMarkedAsSuch(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.happen(t, r.store, 3, uuid.New())
	reader := r.watch(t, Watching{After: cursorOf(1)})
	r.happen(t, r.store, 2, uuid.New())
	for want := int64(2); want <= 5; want++ {
		e, ok := reader.next(t)
		if !ok || e.Number != want || e.Replayed != (want <= 3) {
			t.Errorf("number %d, replayed: %t, want %d, %t", e.Number, e.Replayed, want, want <= 3)
		}
	}
}

func TestAStreamOnWhichNothingHadHappenedMissesNotItsFirstEvent(t *testing.T) {
	t.Parallel()
	r := open(t)
	viewer := access.Viewer{UserID: uuid.New(), Memberships: []access.Membership{{OrganizationID: r.organization, Role: access.Viewing}}}
	start, err := r.Head(t.Context(), viewer, ids.Of(ids.Organization, r.organization))
	if err != nil {
		t.Fatal(err)
	}
	r.happen(t, r.store, 2, uuid.New())
	r.watch(t, Watching{After: &start}).inOrder(t, 1, 2)
}

func TestABadCursorIsRefused(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.happen(t, r.store, 1, uuid.New())
	for cursor, want := range map[string]fault.Code{
		"": fault.CodeInvalid, "nonsense": fault.CodeInvalid, *cursorOf(-1): fault.CodeInvalid, *cursorOf(2): fault.CodeCursorExpired,
	} {
		_, err := Watch(t.Context(), r.Service, Watching{OrganizationID: r.organization, After: &cursor}, func(e Seen) Seen { return e }, Reader{})
		if !fault.Is(err, want) {
			t.Errorf("%q: %v, want %s", cursor, err, want)
		}
	}
}

func TestAStreamOfOneSubjectBeginsWithItsStateAndEndsWithItsLastEvent(t *testing.T) {
	t.Parallel()
	r := open(t)
	mine, last := uuid.New(), func(e Event) bool { return e.Number == 5 }
	r.happen(t, r.store, 1, mine)
	r.happen(t, r.store, 2, uuid.New())
	reader := r.watch(t, Watching{Subject: mine, FromLast: true, Last: last})
	reader.inOrder(t, 1, 1)
	r.happen(t, r.store, 1, uuid.New())
	r.happen(t, r.store, 1, mine)
	reader.inOrder(t, 5, 5)
	if e, more := reader.next(t); more {
		t.Errorf("after the last event came %d", e.Number)
	}
	again := r.watch(t, Watching{Subject: mine, After: cursorOf(5), Last: last})
	if e, more := again.next(t); more {
		t.Errorf("behind the last event came %d", e.Number)
	}
}

func TestASlowReaderLosesNothingAndHoldsOneBatch(t *testing.T) {
	t.Parallel()
	r := open(t)
	writer := pool(t, postgres.Config{URL: r.address})
	r.happen(t, writer, 1, uuid.New())
	const all = 3*batch + 7
	_, err := writer.Pool().Exec(t.Context(), `INSERT INTO switchboard.activity_events (organization_id, number, id, type, subject_kind, subject_id, actor_kind, actor_label)
		SELECT $1, n, gen_random_uuid(), 'RECORDING_AVAILABLE', 'rec', gen_random_uuid(), 'SYSTEM', 'Switchboard' FROM generate_series(2, $2::bigint) n`, r.organization, all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Pool().Exec(t.Context(), "UPDATE switchboard.activity_heads SET last_number = $1", all); err != nil {
		t.Fatal(err)
	}
	before := r.statements.Load()
	reader := r.watch(t, Watching{After: cursorOf(1)})
	for read := range int64(3) {
		reader.inOrder(t, 2+read*batch, 1+(read+1)*batch)
		// One statement asked for the head, and one for each batch so far; the next may be under way.
		if sent := r.statements.Load() - before; sent > 3+read {
			t.Errorf("after %d batches %d statements were sent: the reader is read ahead of", read+1, sent)
		}
	}
	reader.inOrder(t, 2+3*batch, all)
}

func TestAStreamEndsWhenItsReaderMayNotLookAnyMore(t *testing.T) {
	t.Parallel()
	r := open(t)
	reader := r.watch(t, Watching{})
	r.happen(t, r.store, 1, uuid.New())
	reader.inOrder(t, 1, 1)
	var refused error = fault.NotFound("organization")
	r.refusal.Store(&refused)
	r.happen(t, r.store, 1, uuid.New())
	if e, more := reader.next(t); more {
		t.Errorf("a reader who may not look was given %d", e.Number)
	}
	if err := <-reader.ended; !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("the stream ended with %v", err)
	}
}

func TestTheSweepWakesAReaderWhoseWakeUpWasLost(t *testing.T) {
	t.Parallel()
	r := open(t)
	silent := pool(t, postgres.Config{URL: r.address}) // another process whose notifications never arrive
	topics := map[string]Watching{"organization": {}, "subject": {Subject: uuid.New()}}
	readers := map[string]stream{}
	for name, w := range topics {
		before := r.statements.Load()
		readers[name] = r.watch(t, w)
		eventually(t, "the reader found nothing and waits", func() bool { return r.statements.Load() == before+2 })
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Sweep(ctx, time.Millisecond)
	}()
	for number := int64(1); number <= 3; number++ {
		r.happen(t, silent, 1, topics["subject"].Subject)
		for _, reader := range readers {
			reader.inOrder(t, number, number)
		}
	}
	cancel()
	<-ended
}

func TestAStreamOutlivesKilledConnectionsAndGoesOnInOrder(t *testing.T) {
	t.Parallel()
	r := open(t)
	reader := r.watch(t, Watching{})
	var number int64
	for range 3 {
		kill(t, r.address)
		writer := pool(t, postgres.Config{URL: r.address, Wake: r.hub.Publish})
		r.happen(t, writer, 2, uuid.New())
		reader.inOrder(t, number+1, number+2)
		number += 2
	}
	select {
	case err := <-reader.ended:
		t.Errorf("the stream ended with %v", err)
	default:
	}
}

// kill ends every session on a database, as a restart or a failover does.
func kill(t *testing.T, address string) {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), os.Getenv(testdb.Variable))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1", strings.TrimPrefix(target.Path, "/")); err != nil {
		t.Fatal(err)
	}
}

// TestNothingRunsOnAfterAStream is not parallel: it looks at every goroutine of the program.
func TestNothingRunsOnAfterAStream(t *testing.T) {
	r := open(t)
	r.happen(t, r.store, batch+1, uuid.New())
	running := goleak.IgnoreCurrent()
	unread, waiting := r.watch(t, Watching{After: cursorOf(1)}), r.watch(t, Watching{})
	unread.inOrder(t, 2, 2)
	unread.stop()
	waiting.stop()
	for _, reader := range []stream{unread, waiting} {
		for range reader.events { // closed by the stream's end
		}
	}
	goleak.VerifyNone(t, running)
	if topics := r.hub.Topics(); len(topics) != 0 {
		t.Errorf("%d topics are still waited for", len(topics))
	}
}

package activity

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
)

const keptFor = 400 * 24 * time.Hour

// ages makes the events up to a number older than what is kept, and lets retention run.
func (r *room) ages(t *testing.T, upTo int64) {
	t.Helper()
	_, err := r.store.Pool().Exec(t.Context(), "UPDATE switchboard.activity_events SET occurred_at = now() - $2::interval WHERE number <= $1", upTo, keptFor+time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.retain(t.Context(), keptFor); err != nil {
		t.Fatal(err)
	}
}

func (r *room) begins(t *testing.T, w Watching) error {
	t.Helper()
	w.OrganizationID = r.organization
	_, err := Watch(t.Context(), r.Service, w, func(e Seen) Seen { return e }, Reader{})
	return err
}

func TestACursorBeforeWhatRetentionLeftHasExpiredAndABadOneIsInvalid(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.happen(t, r.store, 10, uuid.New())
	r.ages(t, 4)
	nonsense := "nonsense"
	for name, c := range map[string]struct {
		after *string
		want  fault.Code
	}{
		"before":   {cursorOf(3), fault.CodeCursorExpired},
		"long ago": {cursorOf(1), fault.CodeCursorExpired},
		"to come":  {cursorOf(11), fault.CodeCursorExpired},
		"bad":      {&nonsense, fault.CodeInvalid},
		"zero":     {cursorOf(0), fault.CodeCursorExpired},
	} {
		if err := r.begins(t, Watching{After: c.after}); !fault.Is(err, c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	r.watch(t, Watching{After: cursorOf(4)}).inOrder(t, 5, 10)
	r.watch(t, Watching{After: cursorOf(7)}).inOrder(t, 8, 10)
}

func TestNumbersGoOnWhenAllEventsAreRemoved(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.happen(t, r.store, 5, uuid.New())
	r.ages(t, 5)
	last := r.watch(t, Watching{After: cursorOf(5)}) // it has seen all that there was
	now := r.watch(t, Watching{})
	r.happen(t, r.store, 2, uuid.New())
	last.inOrder(t, 6, 7)
	now.inOrder(t, 6, 7)
	if err := r.begins(t, Watching{After: cursorOf(4)}); !fault.Is(err, fault.CodeCursorExpired) {
		t.Errorf("a cursor in what was removed: %v", err)
	}
}

func TestOneOrganizationsAgeDoesNotExpireAnothersCursors(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.happen(t, r.store, 5, uuid.New())
	other := uuid.New()
	if _, err := r.store.Pool().Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'Two', 'two')", other); err != nil {
		t.Fatal(err)
	}
	r.ages(t, 5)
	mine := r.organization
	r.organization = other
	r.happen(t, r.store, 3, uuid.New())
	r.watch(t, Watching{After: cursorOf(1)}).inOrder(t, 2, 3)
	r.organization = mine
	if err := r.begins(t, Watching{After: cursorOf(1)}); !fault.Is(err, fault.CodeCursorExpired) {
		t.Errorf("of the old one: %v", err)
	}
}

func TestTheListEndsWhereRetentionBegan(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.happen(t, r.store, 10, uuid.New())
	r.ages(t, 4)
	viewer := access.Viewer{UserID: uuid.New(), Memberships: []access.Membership{{OrganizationID: r.organization, Role: access.Viewing}}}
	list, err := r.List(t.Context(), viewer, ids.Of(ids.Organization, r.organization), page.Args{First: 10}, nil)
	if err != nil || len(list.Edges) != 6 || list.PageInfo.HasNextPage {
		t.Fatalf("%d events, more: %t, %v", len(list.Edges), list.PageInfo.HasNextPage, err)
	}
	list, err = r.List(t.Context(), viewer, ids.Of(ids.Organization, r.organization), page.Args{First: 10, After: list.PageInfo.EndCursor}, nil)
	if err != nil || len(list.Edges) != 0 {
		t.Errorf("behind the end: %d events, %v", len(list.Edges), err)
	}
}

func TestTheStreamOfASubjectThatRetentionTookIsOver(t *testing.T) {
	t.Parallel()
	r := open(t)
	mine := uuid.New()
	r.happen(t, r.store, 2, mine)
	r.ages(t, 2)
	for name, w := range map[string]Watching{"from its state": {}, "behind its end": {After: cursorOf(2)}} {
		w.Subject, w.FromLast, w.Last = mine, true, func(Event) bool { return true }
		s := r.watch(t, w)
		if e, more := s.next(t); more {
			t.Errorf("%s: %+v", name, e)
		}
		select {
		case err := <-s.ended:
			t.Errorf("%s: it ended with %v", name, err)
		default:
		}
	}
}

func TestOneRunRemovesNoMoreThanItsBoundOldestFirst(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.happen(t, r.store, 1, uuid.New())
	if _, err := r.store.Pool().Exec(t.Context(), "UPDATE switchboard.activity_events SET occurred_at = now() - interval '402 days'"); err != nil {
		t.Fatal(err)
	}
	const all = retainBatch*retainBatches + 7
	_, err := r.store.Pool().Exec(t.Context(), `INSERT INTO switchboard.activity_events (organization_id, number, id, type, subject_kind, subject_id, actor_kind, actor_label, occurred_at)
		SELECT $1, n, gen_random_uuid(), 'RECORDING_AVAILABLE', 'rec', gen_random_uuid(), 'SYSTEM', 'Switchboard', now() - interval '401 days' + n * interval '1 microsecond' FROM generate_series(2, $2::bigint) n`, r.organization, all)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.store.Pool().Exec(t.Context(), "UPDATE switchboard.activity_heads SET last_number = $1", all); err != nil {
		t.Fatal(err)
	}
	for run, want := range []struct{ left, removedTo int64 }{{7, all - 7}, {0, all}} {
		if err := r.retain(t.Context(), keptFor); err != nil {
			t.Fatal(err)
		}
		var left, removedTo int64
		err := r.store.Pool().QueryRow(t.Context(), "SELECT (SELECT count(*) FROM switchboard.activity_events), (SELECT removed_to FROM switchboard.activity_heads)").Scan(&left, &removedTo)
		if err != nil || left != want.left || removedTo != want.removedTo {
			t.Errorf("run %d: %d left, removed to %d, %v; want %+v", run, left, removedTo, err, want)
		}
	}
}

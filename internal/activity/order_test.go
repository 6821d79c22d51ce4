package activity

import (
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const writers = 50

var errChanged = errors.New("changed my mind")

// write runs transactions of one to three events, some of which are rolled back, and gives the subjects
// of those that were committed.
func (r *room) write(t *testing.T, seed uint64, transactions int) (committed []uuid.UUID) {
	random := rand.New(rand.NewPCG(seed, 1))
	for range transactions {
		subjects := make([]uuid.UUID, 1+random.IntN(3))
		for i := range subjects {
			subjects[i] = uuid.New()
		}
		back := random.IntN(3) == 0
		err := r.store.InTx(t.Context(), func(tx *postgres.Tx) error {
			for _, subject := range subjects {
				if err := Record(t.Context(), tx, r.event(subject)); err != nil {
					return err
				}
			}
			if back {
				return errChanged
			}
			return nil
		})
		switch {
		case err == nil:
			committed = append(committed, subjects...)
		case !errors.Is(err, errChanged):
			t.Error(err)
		}
	}
	return committed
}

func TestNumbersAreInCommitOrderWithoutAGapAmongFiftyWritersThatRollBack(t *testing.T) {
	t.Parallel()
	r := open(t)
	var mu sync.Mutex
	var committed []uuid.UUID
	first := r.watch(t, Watching{}) // a number that is committed after a higher one would be missing here
	together(writers, func(i int) {
		mine := r.write(t, uint64(i), 6)
		mu.Lock()
		defer mu.Unlock()
		committed = append(committed, mine...)
	})

	seen := make([]uuid.UUID, len(committed))
	for i := range seen {
		e, ok := first.next(t)
		if !ok || e.Number != int64(i)+1 {
			t.Fatalf("event %d has number %d (more: %t)", i, e.Number, ok)
		}
		seen[i] = e.Subject.UUID
	}
	if !slices.Equal(sorted(seen), sorted(committed)) {
		t.Error("the stream and the writers do not agree on what happened")
	}
	if head, err := r.store.GetActivityHead(t.Context(), r.organization); err != nil || head.LastNumber != int64(len(committed)) {
		t.Errorf("the head is %d, %v; %d events were committed", head, err, len(committed))
	}
}

func sorted(list []uuid.UUID) []uuid.UUID {
	return slices.SortedFunc(slices.Values(list), func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
}

func TestAReaderThatComesWhileOthersWriteMissesNothingAndSeesNothingTwice(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.happen(t, r.store, 3, uuid.New())
	var mu sync.Mutex
	var written int64 = 3
	var late []stream
	together(8, func(i int) {
		for step := range 4 {
			mine := int64(len(r.write(t, uint64(100+4*i+step), 5)))
			reader := r.watch(t, Watching{After: cursorOf(2)})
			mu.Lock()
			written += mine
			late = append(late, reader)
			mu.Unlock()
		}
	})
	for _, reader := range late {
		reader.inOrder(t, 3, written)
	}
}

func cursorOf(number int64) *string {
	cursor := Event{Number: number}.Cursor()
	return &cursor
}

func TestARollBackWakesNobodyAndTakesNoNumber(t *testing.T) {
	t.Parallel()
	r := open(t)
	reader := r.watch(t, Watching{})
	err := r.store.InTx(t.Context(), func(tx *postgres.Tx) error {
		return errors.Join(Record(t.Context(), tx, r.event(uuid.New())), errChanged)
	})
	if !errors.Is(err, errChanged) {
		t.Fatal(err)
	}
	r.happen(t, r.store, 1, uuid.New())
	reader.inOrder(t, 1, 1)
}

func TestNumbersOfOrganizationsDoNotDependOnEachOther(t *testing.T) {
	t.Parallel()
	r := open(t)
	other := &room{Service: r.Service, organization: uuid.New()}
	if _, err := r.store.Pool().Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'Two', 'two')", other.organization); err != nil {
		t.Fatal(err)
	}
	r.happen(t, r.store, 2, uuid.New())
	stranger := other.watch(t, Watching{})
	other.happen(t, r.store, 1, uuid.New())
	stranger.inOrder(t, 1, 1)
	// A cursor of the first organization is beyond the end of the second.
	_, err := Watch(t.Context(), r.Service, Watching{OrganizationID: other.organization, After: cursorOf(2)}, func(e Seen) Seen { return e }, Reader{})
	if !fault.Is(err, fault.CodeCursorExpired) {
		t.Errorf("error = %v, want %s", err, fault.CodeCursorExpired)
	}
}

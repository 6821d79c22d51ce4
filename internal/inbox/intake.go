package inbox

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// intake writes deliveries that arrive while another commit is under way in one transaction: what a
// commit costs is then shared, and each delivery is still answered after its own is durable.
type intake struct {
	store *postgres.Store
	jobs  *jobs.Queue

	mu      sync.Mutex
	waiting []*arrival
	lanes   int // commits under way
}

// arrival is one delivery on its way into the table.
type arrival struct {
	row    db.KeepWebhookEventsParams
	origin context.Context // of the request: its trace goes on in the job
	fresh  bool
	done   chan error // has room for the one answer, so that nobody waits for a sender who has left
}

const (
	// most bounds one transaction: at 1 MiB each its bodies are then at most 64 MiB, and mostly 10 KB.
	most = 64
	// maxLanes lets one group prepare while another waits for the disk.
	maxLanes = 2
	// commitTimeout is what the most impatient sender waits. What is kept just behind that counts as kept before
	// when it comes again.
	commitTimeout = 5 * time.Second
)

// join waits until the delivery is durable. When the sender leaves before, it may be kept all the same,
// and counts as kept before when the sender comes again.
func (t *intake) join(ctx context.Context, a *arrival) (fresh bool, err error) {
	a.done = make(chan error, 1)
	t.mu.Lock()
	t.waiting = append(t.waiting, a)
	if t.lanes < maxLanes {
		t.lanes++
		go t.work() // ends when nobody waits
	}
	t.mu.Unlock()
	select {
	case err := <-a.done:
		return a.fresh, err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (t *intake) work() {
	for {
		group := t.next()
		if group == nil {
			return
		}
		failed := t.commit(group)
		for _, a := range group {
			err := failed
			if failed != nil && len(group) > 1 { // one of them may be the reason: the others must not suffer
				err = t.commit([]*arrival{a})
			}
			a.done <- err
		}
	}
}

func (t *intake) next() (group []*arrival) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.waiting), most)
	if n == 0 {
		t.lanes--
		return nil
	}
	group, t.waiting = t.waiting[:n:n], t.waiting[n:]
	return group
}

func (t *intake) commit(group []*arrival) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(group[0].origin), commitTimeout)
	defer cancel()
	rows := make([]db.KeepWebhookEventsParams, len(group))
	for i, a := range group {
		rows[i] = a.row
	}
	return t.store.InTx(ctx, func(tx *postgres.Tx) error {
		var failed error
		var wanted []jobs.Wanted
		tx.KeepWebhookEvents(ctx, rows).QueryRow(func(i int, id uuid.UUID, err error) {
			group[i].fresh = err == nil
			switch {
			case err == nil:
				wanted = append(wanted, jobs.Want(group[i].origin, deliverArgs{EventID: id}))
			case !postgres.Missing(err):
				failed = err
			}
		})
		if failed != nil {
			return fmt.Errorf("keeping events: %w", failed)
		}
		return t.jobs.EnqueueAll(ctx, tx, wanted)
	})
}

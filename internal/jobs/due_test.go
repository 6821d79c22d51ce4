package jobs

import (
	"context"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestTheNextRunOfAJobIsTheEarliestThatWaitsAndNoOther(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	Handle(q, Kind{Queue: Work}, func(context.Context, Job[noteArgs]) error { return nil })
	for _, wanted := range []struct {
		text string
		wait time.Duration
	}{{"twice", 2 * time.Hour}, {"twice", time.Hour}, {"other", time.Minute}, {"ran", 0}} {
		if err := o.store.InTx(t.Context(), func(tx *postgres.Tx) error {
			return q.EnqueueIn(t.Context(), tx, wanted.wait, noteArgs{Text: wanted.text})
		}); err != nil {
			t.Fatal(err)
		}
	}
	o.execute(t, `UPDATE river.river_job SET state = 'completed', finalized_at = now() WHERE args->>'text' = 'ran'`)
	due, err := Due(t.Context(), o.store.Pool(), []noteArgs{{Text: "twice"}, {Text: "ran"}, {Text: "never"}})
	if err != nil {
		t.Fatal(err)
	}
	if wait := time.Until(due[noteArgs{Text: "twice"}]); len(due) != 1 || wait < 30*time.Minute || wait > 61*time.Minute {
		t.Errorf("due: %v", due)
	}
}

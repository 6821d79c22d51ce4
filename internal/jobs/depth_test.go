package jobs

import (
	"context"
	"testing"
)

func TestEveryQueueAndStateIsCountedAlsoWhereNothingWaits(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	Handle(q, Kind{Queue: Work}, func(context.Context, Job[noteArgs]) error { return nil })
	o.enqueue(t, q, "a", "b", "c", "d")
	o.execute(t, "UPDATE river.river_job SET state = 'retryable' WHERE args->>'text' = 'c'")
	o.execute(t, "UPDATE river.river_job SET state = 'completed', finalized_at = now() WHERE args->>'text' = 'd'")
	found, err := Depths(t.Context(), o.store.Pool())
	if err != nil || len(found) != 5*4 {
		t.Fatalf("%v, %v", found, err)
	}
	for _, d := range found {
		want := map[Depth]int{{Queue: Work, State: "available"}: 2, {Queue: Work, State: "retryable"}: 1}[Depth{Queue: d.Queue, State: d.State}]
		if d.Jobs != want {
			t.Errorf("%+v, want %d", d, want)
		}
	}
}

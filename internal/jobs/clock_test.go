package jobs

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestTheClockOfTheDatabaseIsNeverAheadAndFollowsItsLeaps(t *testing.T) {
	t.Parallel()
	const slack = 10 * time.Second // between two lines of this test, on a busy machine
	var c clock
	off := func() time.Duration { return time.Until(c.Now()) }
	near := func(what string, want time.Duration) {
		t.Helper()
		if got := off(); got > want || got < want-slack {
			t.Errorf("%s the clock is off by %s, not by %s", what, got, want)
		}
	}
	near("before the first look", 0)
	c.set(time.Now(), time.Now().Add(10*time.Minute))
	near("ten minutes ahead:", 10*time.Minute)
	if moved := c.set(time.Now().Add(-5*time.Second), time.Now().Add(10*time.Minute-3*time.Second)); moved != 0 {
		t.Errorf("a slow answer that fits moved it by %s", moved)
	}
	near("after a slow answer", 10*time.Minute)
	if moved := c.set(time.Now(), time.Now().Add(-10*time.Minute)); (moved - 20*time.Minute).Abs() > slack {
		t.Errorf("a leap back by 20 minutes is one by %s", moved)
	}
	near("after it leapt back", -10*time.Minute)
}

// Whatever River writes as a time is the database's: of a job that is due, one that waits, many at once, a
// failure's next try and a pause.
func TestJobsAreDatedByTheDatabasesClock(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	const ahead = 10 * time.Minute // as if the process were that far behind
	leap := func() { q.clock.look.Store(&look{time.Now(), time.Now().Add(ahead)}) }
	Handle(q, Kind{Queue: Work}, func(_ context.Context, job Job[noteArgs]) error {
		leap() // its next look puts it right
		if job.Args.Text == "fails" {
			return errors.New("broken")
		}
		return Later(time.Hour)
	})
	o.enqueue(t, q, "fails", "pauses")
	start(t, q)
	eventually(t, "both have run", func() bool {
		return o.number(t, "SELECT count(*) FROM river.river_job WHERE state <> 'running' AND attempted_at IS NOT NULL") == 2
	})
	leap()
	o.enqueue(t, q, "is due")
	err := o.store.InTx(t.Context(), func(tx *postgres.Tx) error {
		if err := q.EnqueueIn(t.Context(), tx, 2*time.Hour, noteArgs{Text: "waits"}); err != nil {
			return err
		}
		return q.EnqueueAll(t.Context(), tx, []Wanted{Want(t.Context(), noteArgs{Text: "of many"})})
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]time.Duration{"fails": ahead, "pauses": ahead + time.Hour, "is due": ahead, "waits": ahead + 2*time.Hour, "of many": ahead} {
		seconds := o.number(t, "SELECT extract(epoch FROM scheduled_at - now()) FROM river.river_job WHERE args->>'text' = '"+text+"'")
		if got := time.Duration(seconds * float64(time.Second)); (got - want).Abs() > patience {
			t.Errorf("%q is due in %s, not in %s", text, got, want)
		}
	}
}

func TestADueJobIsDueToTheDatabaseInTheTransactionThatAddsIt(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	Handle(q, Kind{Queue: Work}, func(context.Context, Job[noteArgs]) error { return nil })
	for range 20 {
		o.enqueue(t, q, "a")
		if n := o.number(t, "SELECT count(*) FROM river.river_job WHERE scheduled_at > now() OR created_at < now() - interval '1 minute'"); n != 0 {
			t.Fatal("a job is dated in the future, or long ago")
		}
	}
}

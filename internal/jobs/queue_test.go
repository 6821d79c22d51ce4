package jobs

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestAJobOfARolledBackTransactionDoesNotExist(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	back := errors.New("back")
	err := o.store.InTx(t.Context(), func(tx *postgres.Tx) error {
		return errors.Join(q.Enqueue(t.Context(), tx, noteArgs{}), back)
	})
	if !errors.Is(err, back) || len(o.states(t)) != 0 {
		t.Errorf("error = %v, jobs %v", err, o.states(t))
	}
}

func TestTwoProcessesRunEachJobOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	var ran runs
	one, two := o.queue(t), o.queue(t)
	for _, q := range []*Queue{one, two} {
		Handle(q, Kind{Queue: Work}, func(_ context.Context, job Job[noteArgs]) error { ran.add(job); return nil })
	}
	const jobs = 200
	for i := range jobs / 2 {
		o.enqueue(t, one, strconv.Itoa(i))
	}
	start(t, one, two)
	for i := range jobs / 2 {
		o.enqueue(t, two, strconv.Itoa(jobs/2+i))
	}
	eventually(t, "all are done", func() bool { return o.states(t)["completed"] == jobs })
	seen := map[string]bool{}
	for _, job := range ran.all() {
		if seen[job.Args.Text] {
			t.Errorf("job %s ran twice", job.Args.Text)
		}
		seen[job.Args.Text] = true
	}
	if len(seen) != jobs {
		t.Errorf("%d of %d jobs ran", len(seen), jobs)
	}
}

func TestASecondJobOfTheSameKindIsDroppedUntilTheFirstIsDone(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	var ran runs
	begun, proceed := make(chan struct{}), make(chan struct{})
	Handle(q, Kind{Queue: Work, Once: true}, func(ctx context.Context, job Job[noteArgs]) error {
		if ran.add(job) > 1 {
			return nil
		}
		close(begun)
		select {
		case <-proceed:
		case <-ctx.Done():
		}
		return nil
	})
	o.enqueue(t, q, "a", "a") // while it waits
	start(t, q)
	<-begun
	o.enqueue(t, q, "a", "b") // while it runs
	eventually(t, "the other is done", func() bool { return o.states(t)["completed"] == 1 })
	close(proceed)
	eventually(t, "the first is done", func() bool { return o.states(t)["completed"] == 2 })
	o.enqueue(t, q, "a") // it is news again
	eventually(t, "the next is done", func() bool { return o.states(t)["completed"] == 3 })
	if ran := ran.all(); len(ran) != 3 {
		t.Errorf("%d runs: %v", len(ran), ran)
	}
}

func TestWaitingCountsNoTry(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	var ran runs
	Handle(q, Kind{Queue: Work, Attempts: 2}, func(_ context.Context, job Job[noteArgs]) error {
		if ran.add(job) < 5 {
			return Later(time.Millisecond)
		}
		return nil
	})
	o.enqueue(t, q, "a")
	start(t, q)
	eventually(t, "it is done", func() bool { return o.states(t)["completed"] == 1 })
	for i, job := range ran.all() {
		if job.Last {
			t.Errorf("run %d, which waited, was said to be the last: %+v", i, job)
		}
	}
}

func TestGivingUpEndsAJobAtOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	var ran runs
	Handle(q, Kind{Queue: Work}, func(_ context.Context, job Job[noteArgs]) error {
		ran.add(job)
		return GiveUp(errors.New("never"))
	})
	o.enqueue(t, q, "a")
	start(t, q)
	eventually(t, "it is given up", func() bool { return o.states(t)["cancelled"] == 1 })
	if all := ran.all(); len(all) != 1 {
		t.Errorf("%d runs", len(all))
	}
}

func TestAFailedJobRunsAgainAndAPanicIsAFailure(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	var ran runs
	Handle(q, Kind{Queue: Work}, func(_ context.Context, job Job[noteArgs]) error {
		switch ran.add(job) {
		case 1:
			return errors.New("broken")
		case 2:
			panic("poison")
		}
		return nil
	})
	o.enqueue(t, q, "a")
	start(t, q)
	eventually(t, "it is done", func() bool { return o.states(t)["completed"] == 1 })
	if all := ran.all(); len(all) != 3 || all[2].Attempt != 3 {
		t.Errorf("ran %+v", all)
	}
}

func TestAnErrorThatPostgresCannotHoldLosesNoOutcome(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	Handle(q, Kind{Queue: Work, Attempts: 1}, func(_ context.Context, job Job[noteArgs]) error {
		switch job.Args.Text {
		case "fails":
			return errors.New("the vendor said \x00\xff")
		case "gives up":
			return GiveUp(errors.New("the vendor said \x00\xff"))
		case "panics":
			panic("the vendor said \x00\xff")
		}
		return nil
	})
	o.enqueue(t, q, "fails", "gives up", "panics", "succeeds")
	start(t, q)
	eventually(t, "all have ended", func() bool {
		states := o.states(t)
		return states["discarded"] == 2 && states["cancelled"] == 1 && states["completed"] == 1
	})
}

func TestAStopWaitsForWhatRuns(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	begun := make(chan struct{})
	stopping := make(chan struct{})
	Handle(q, Kind{Queue: Work}, func(ctx context.Context, _ Job[noteArgs]) error {
		close(begun)
		<-stopping
		return ctx.Err()
	})
	o.enqueue(t, q, "a")
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- q.Stop(t.Context()) }()
	close(stopping)
	if err := <-stopped; err != nil || o.states(t)["completed"] != 1 {
		t.Errorf("Stop = %v, jobs %v", err, o.states(t))
	}
}

func TestAStopThatCannotWaitMakesWhatRunsAvailableToOthers(t *testing.T) {
	t.Parallel()
	o := open(t)
	q, other := o.queue(t), o.queue(t)
	begun := make(chan struct{})
	Handle(q, Kind{Queue: Work}, func(ctx context.Context, _ Job[noteArgs]) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	})
	var ran runs
	Handle(other, Kind{Queue: Work}, func(_ context.Context, job Job[noteArgs]) error { ran.add(job); return nil })
	o.enqueue(t, q, "a")
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := q.Stop(ctx); err != nil {
		t.Errorf("Stop = %v", err)
	}
	if states := o.states(t); states["available"] != 1 {
		t.Errorf("after the stop the jobs are %v", states)
	}
	start(t, other)
	eventually(t, "the other process did it", func() bool { return o.states(t)["completed"] == 1 })
	if all := ran.all(); len(all) != 1 {
		t.Errorf("%d runs", len(all))
	}
}

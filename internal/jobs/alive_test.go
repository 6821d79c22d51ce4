package jobs

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
)

// soon is a tenth of what it is in production, and far more than a beat takes.
const soon = beatEvery / 10

func TestWhatADeadProcessRanRunsElsewhereAtOnceAndOneThatOnlyStalledComesBack(t *testing.T) {
	t.Parallel()
	o := open(t)
	one, way := o.process(t, Config{Beat: soon})
	var counted sync.Map
	two, _ := o.process(t, Config{Beat: soon, Ran: func(_, outcome string, _ time.Duration) { counted.Store(outcome, true) }})
	var ran runs
	begun, proceed := make(chan struct{}), make(chan struct{})
	Handle(one, Kind{Queue: Work, Timeout: time.Hour}, func(context.Context, Job[noteArgs]) error {
		close(begun)
		<-proceed
		return nil
	})
	Handle(two, Kind{Queue: Work, Timeout: time.Hour}, func(_ context.Context, job Job[noteArgs]) error { ran.add(job); return nil })
	o.enqueue(t, one, "a")
	start(t, one)
	t.Cleanup(func() { close(proceed) })
	<-begun
	start(t, two)
	way.set(true)
	eventually(t, "the other has done it", func() bool { return o.states(t)["completed"] == 1 })
	if all := ran.all(); len(all) != 1 || all[0].Attempt != 2 {
		t.Errorf("ran %+v", all)
	}
	if _, told := counted.Load(lost); !told {
		t.Error("nobody counted it")
	}
	way.set(false)
	eventually(t, "it is known to live again", func() bool { return o.number(t, "SELECT count(*) FROM switchboard.job_processes") == 2 })
}

func TestAProcessThatEndsInOrderLeavesNothingBehindAndEachStartIsAnother(t *testing.T) {
	t.Parallel()
	o := open(t)
	one, two := o.queue(t), o.queue(t)
	if one.life.id == two.life.id || len(one.life.id) > 127 {
		t.Errorf("two starts are %q and %q", one.life.id, two.life.id)
	}
	for _, q := range []*Queue{one, two} {
		Handle(q, Kind{Queue: Work}, func(context.Context, Job[noteArgs]) error { return nil })
		if err := q.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := o.number(t, "SELECT count(*) FROM switchboard.job_processes WHERE seen_at > now() - interval '1 minute'"); n != 2 {
		t.Errorf("%v are known to live", n)
	}
	for _, q := range []*Queue{one, two} {
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := o.number(t, "SELECT count(*) FROM switchboard.job_processes"); n != 0 {
		t.Errorf("%v are left", n)
	}
}

func TestARunThatIgnoresTheEndOfItsProcessIsLeftToTheOthers(t *testing.T) {
	t.Parallel()
	o := open(t)
	q := o.queue(t)
	begun, proceed := make(chan struct{}), make(chan struct{})
	Handle(q, Kind{Queue: Work}, func(context.Context, Job[noteArgs]) error {
		close(begun)
		<-proceed
		return nil
	})
	o.enqueue(t, q, "a")
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-begun
	gone, end := context.WithCancel(t.Context())
	end()
	if err := q.Stop(gone); err == nil {
		t.Error("the run is said to have ended")
	}
	if n := o.number(t, "SELECT count(*) FROM switchboard.job_processes p JOIN river.river_job j ON p.id = ANY(j.attempted_by) WHERE j.state = 'running'"); n != 1 {
		t.Error("nobody will know that it is to be taken over")
	}
	close(proceed)
	eventually(t, "it has ended", func() bool { return o.states(t)["completed"] == 1 })
}

// silent has a job run by a process that nobody heard of for a minute, and gives another one, not started.
func silent(t *testing.T, kind Kind) (*office, *Queue) {
	t.Helper()
	o := open(t)
	q := o.queue(t)
	Handle(q, kind, func(context.Context, Job[noteArgs]) error { return nil })
	o.enqueue(t, q, "a")
	o.execute(t, "INSERT INTO switchboard.job_processes VALUES ('silent', now() - interval '1 minute')")
	o.execute(t, "UPDATE river.river_job SET state = 'running', attempt = 1, attempted_by = '{before,silent}', attempted_at = now()")
	return o, q
}

func (o *office) beats(t *testing.T, q *Queue, n int, what string) {
	t.Helper()
	for range n {
		if o.states(t)["running"] != 1 {
			t.Fatalf("taken over %s", what)
		}
		q.life.beat(t.Context())
	}
}

func TestNobodyJudgesOthersBeforeItCouldSpeakForAsLongItself(t *testing.T) {
	t.Parallel()
	o, q := silent(t, Kind{Queue: Work})
	o.beats(t, q, deadBeats, "by one that has only begun")
	q.life.last = q.life.last.Add(-3 * beatEvery)
	o.beats(t, q, deadBeats, "after a gap in which perhaps nobody could speak")
	gone, end := context.WithCancel(t.Context())
	end()
	q.life.beat(gone)
	o.beats(t, q, deadBeats, "after a beat that failed")
	q.clock.look.Store(&look{time.Now(), time.Now().Add(-10 * time.Minute)})
	o.beats(t, q, deadBeats, "when the database's clock leapt ahead")
	o.beats(t, q, 1, "too early")
	if states := o.states(t); states["available"] != 1 {
		t.Errorf("after all that: %v", states)
	}
	if n := o.number(t, "SELECT count(*) FROM switchboard.job_processes WHERE id = 'silent'"); n != 0 {
		t.Error("the dead one's row is still there")
	}
}

func TestAProcessThatWasHeardOfInTheFutureIsDeadToo(t *testing.T) {
	t.Parallel()
	o, q := silent(t, Kind{Queue: Work})
	o.execute(t, "UPDATE switchboard.job_processes SET seen_at = now() + interval '10 minutes'") // the database's clock was set back
	o.beats(t, q, deadBeats+1, "too early")
	if states := o.states(t); states["available"] != 1 {
		t.Errorf("jobs are %v", states)
	}
}

func TestTheLastTryThatWasKilledEndsTheJobAndSaysWhy(t *testing.T) {
	t.Parallel()
	o, q := silent(t, Kind{Queue: Upkeep, Once: true, Attempts: 1})
	o.beats(t, q, deadBeats+1, "too early")
	var why string
	if err := o.store.Pool().QueryRow(t.Context(), "SELECT errors[1]->>'error' FROM river.river_job").Scan(&why); err != nil || !strings.Contains(why, "no outcome") {
		t.Errorf("%q, %v", why, err)
	}
	o.enqueue(t, q, "a") // which was dropped while the dead one seemed to run
	if states := o.states(t); states["discarded"] != 1 || states["available"] != 1 {
		t.Errorf("jobs are %v", states)
	}
}

func TestWhatHasNoOutcomeLongAfterItsTimeIsTakenOverFromALivingProcess(t *testing.T) {
	t.Parallel()
	o, q := silent(t, Kind{Queue: Work, Timeout: time.Minute})
	o.enqueue(t, q, "b")
	o.execute(t, "UPDATE switchboard.job_processes SET seen_at = now()")
	o.execute(t, "UPDATE river.river_job SET state = 'running', attempt = 1, attempted_by = '{silent}', attempted_at = now() - CASE args->>'text' WHEN 'a' THEN interval '65 s' ELSE interval '80 s' END")
	for range deadBeats + 1 {
		q.life.beat(t.Context())
	}
	if n := o.number(t, "SELECT count(*) FROM river.river_job WHERE (args->>'text' = 'b') = (state = 'available')"); n != 2 {
		t.Errorf("jobs are %v", o.states(t))
	}
}

func TestTwoThatSweepAtOnceTakeOverOnce(t *testing.T) {
	t.Parallel()
	o, q := silent(t, Kind{Queue: Work})
	other := o.queue(t)
	Handle(other, Kind{Queue: Work}, func(context.Context, Job[noteArgs]) error { return nil })
	o.beats(t, q, deadBeats, "too early")
	o.beats(t, other, deadBeats, "too early")
	var both sync.WaitGroup
	for _, q := range []*Queue{q, other} {
		both.Go(func() { q.life.beat(t.Context()) })
	}
	both.Wait()
	if n := o.number(t, "SELECT array_length(errors, 1) FROM river.river_job WHERE state = 'available'"); n != 1 {
		t.Errorf("taken over %v times", n)
	}
}

package jobs

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

func pause(failed int) time.Duration {
	return time.Until(retry{time.Now}.NextRetry(&rivertype.JobRow{Errors: make([]rivertype.AttemptError, failed)}))
}

func TestPausesGrowFromHalfASecondToFiveMinutesAndAreNeverTheSame(t *testing.T) {
	t.Parallel()
	for failed, want := range map[int]time.Duration{0: 500 * time.Millisecond, 1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second, 10: slowest, 11: slowest, 1000: slowest, 1 << 20: slowest} {
		seen := map[time.Duration]bool{}
		for range 200 {
			got := pause(failed)
			// NextRetry has read the clock a moment before us.
			if got < want/2-time.Second || got > want*3/2 {
				t.Fatalf("after %d failures: %s, want around %s", failed, got, want)
			}
			seen[got.Round(want/1000)] = true
		}
		if len(seen) < 50 {
			t.Errorf("after %d failures: everybody comes back at one of %d moments", failed, len(seen))
		}
	}
}

func TestTwelveTriesOutlastARestartAndEndWithinTheHour(t *testing.T) {
	t.Parallel()
	total := time.Duration(0)
	for failed := range 11 { // no pause follows the last try
		total += pause(failed)
	}
	if total < 6*time.Minute || total > 21*time.Minute {
		t.Errorf("twelve tries take %s", total)
	}
}

func TestARunIsDeadOnlyAfterItsTimeOut(t *testing.T) {
	t.Parallel()
	if lost := timeout + grace; grace < 10*time.Second || lost > time.Minute {
		t.Errorf("lost after %s, the time-out is %s: a run would be doubled, or a lost one not done again within a minute", lost, timeout)
	}
}

type emptyArgs struct{}

func (emptyArgs) Kind() string { return "test.empty" }

func TestTheLastTryIsSaidToBeTheLast(t *testing.T) {
	t.Parallel()
	for attempt, last := range map[int]bool{1: false, 2: false, 3: true, 4: true} {
		var got Job[emptyArgs]
		w := &worker[emptyArgs]{run: func(_ context.Context, j Job[emptyArgs]) error { got = j; return nil }}
		err := w.Work(t.Context(), &river.Job[emptyArgs]{JobRow: &rivertype.JobRow{Attempt: attempt, MaxAttempts: 3}})
		if err != nil || got.Last != last || got.Attempt != attempt {
			t.Errorf("attempt %d: %+v, %v", attempt, got, err)
		}
	}
}

func TestWaitingIsToldFromFailing(t *testing.T) {
	t.Parallel()
	if !Waits(fmt.Errorf("asking: %w", Later(time.Second))) || Waits(errors.New("broken")) || Waits(nil) || Waits(GiveUp(errors.New("broken"))) {
		t.Error("a wait and a failure are taken for each other")
	}
	why := errors.New("broken")
	var canceled *rivertype.JobCancelError
	if err := GiveUp(why); !errors.Is(err, why) || !errors.As(err, &canceled) {
		t.Errorf("giving up: %v", err)
	}
}

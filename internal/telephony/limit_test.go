package telephony

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

// starts asks for a call that may be refused.
func (h *house) starts(t *testing.T, key string) error {
	t.Helper()
	_, err := h.Start(t.Context(), h.viewer, StartInput{OrganizationID: h.home, To: theirs, IdempotencyKey: key})
	return err
}

// used is what the month's count of something says.
func (h *house) used(t *testing.T, metric billing.Metric) (n int) {
	t.Helper()
	h.scan(t, &n, "SELECT coalesce(sum(used), 0) FROM switchboard.billing_usage WHERE organization_id = $1 AND metric = $2", h.home.UUID, metric)
	return n
}

// talks has a call end at the provider after so many seconds.
func (h *house) talks(sid, status string, seconds int) {
	ended := listed(status)
	ended["duration"], ended["end_time"] = strconv.Itoa(seconds), ended["date_created"]
	h.vendor.set(sid, ended)
}

func TestAPlansCallsAreReachedExactlyHoweverManyBeginAtOnce(t *testing.T) {
	t.Parallel()
	const most, asked = 5, 20
	h := open(t, map[billing.Metric]int64{billing.Calls: most})
	h.execute(t, "INSERT INTO switchboard.telephony_settings (organization_id, record, announce, transcribe, max_concurrent_calls, max_daily_calls) VALUES ($1, false, false, false, 50, 100)", h.home.UUID)
	var begun, refused atomic.Int32
	var all sync.WaitGroup
	for range asked {
		all.Go(func() {
			var full *billing.Exceeded
			switch err := h.starts(t, uuid.NewString()); {
			case err == nil:
				begun.Add(1)
			case errors.As(err, &full) && fault.Is(err, fault.CodePlanLimit) && full.Metric == billing.Calls && full.Limit == most && full.Used == most && full.UpgradeTo.Tier == billing.Pro:
				refused.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
	}
	all.Wait()
	if begun.Load() != most || refused.Load() != asked-most || h.used(t, billing.Calls) != most {
		t.Errorf("%d were begun, %d refused, %d are counted", begun.Load(), refused.Load(), h.used(t, billing.Calls))
	}
	var calls int
	if h.scan(t, &calls, "SELECT count(*) FROM switchboard.calls"); calls != most || h.jobsOf(t, "call.place") != most {
		t.Errorf("%d calls, and %d are to be dialed", calls, h.jobsOf(t, "call.place"))
	}
}

func TestTheSameCallAskedForAgainIsCountedOnceAndNotRefusedAtTheLimit(t *testing.T) {
	t.Parallel()
	h := open(t, map[billing.Metric]int64{billing.Calls: 1})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := h.starts(t, "one"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := h.used(t, billing.Calls); n != 1 || h.jobsOf(t, "call.place") != 1 {
		t.Errorf("counted %d times, to be dialed %d times", n, h.jobsOf(t, "call.place"))
	}
	if err := h.starts(t, "two"); !fault.Is(err, fault.CodePlanLimit) {
		t.Errorf("another one: %v", err)
	}
}

func TestMinutesAreCountedOnceHoweverOftenTheEndIsTold(t *testing.T) {
	t.Parallel()
	h := open(t, map[billing.Metric]int64{billing.Minutes: 3})
	for i, c := range []struct{ seconds, sum int }{{1, 1}, {60, 2}, {0, 2}, {61, 4}} {
		call, sid := h.begin(t), "sid-"+strconv.Itoa(i)
		h.talks(sid, "completed", c.seconds)
		var all sync.WaitGroup
		for sequence := range 4 {
			all.Go(func() {
				if err := h.hears(t, "call="+call.ID.UUID.String(), callback(sid, "completed", sequence)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := h.used(t, billing.Minutes); n != c.sum || h.now(t, call).Status != Completed {
			t.Errorf("after %d seconds more: %d minutes, want %d", c.seconds, n, c.sum)
		}
	}
	var full *billing.Exceeded
	if err := h.starts(t, "late"); !errors.As(err, &full) || full.Metric != billing.Minutes || full.Used != 4 || full.Limit != 3 {
		t.Errorf("with no minute left: %v", err)
	}
	if n := h.used(t, billing.Calls); n != 4 {
		t.Errorf("what was refused for want of minutes is counted as a call: %d", n)
	}
}

func TestACallThatNobodyAnsweredUsesNoMinute(t *testing.T) {
	t.Parallel()
	h := open(t, map[billing.Metric]int64{billing.Minutes: 1})
	for _, status := range []string{"busy", "no-answer", "canceled", "failed"} {
		call := h.begin(t)
		h.talks(status, status, 45) // it rang for so long
		if err := h.hears(t, "call="+call.ID.UUID.String(), callback(status, status, 1)); err != nil {
			t.Fatal(err)
		}
		if h.now(t, call).Status.Live() {
			t.Fatalf("%s is no end", status)
		}
	}
	if calls, minutes := h.used(t, billing.Calls), h.used(t, billing.Minutes); calls != 4 || minutes != 0 {
		t.Errorf("%d calls and %d minutes", calls, minutes)
	}
}

func TestMinutesOfACallThatWasGivenUpAreCountedWhenTheProviderKnowsThem(t *testing.T) {
	t.Parallel()
	h := open(t)
	call := h.begin(t)
	if err := h.worker.fail(t.Context(), call.ID.UUID, Failure{Code: "TIMED_OUT", Message: "It took too long."}); err != nil {
		t.Fatal(err)
	}
	h.talks("sid", "completed", 90)
	if err := h.worker.check(t.Context(), jobs.Job[checkArgs]{Args: checkArgs{CallID: call.ID.UUID, ProviderID: "sid"}}); err != nil {
		t.Fatal(err)
	}
	if n := h.used(t, billing.Minutes); n != 2 || h.now(t, call).Status != Failed {
		t.Errorf("%d minutes, %s", n, h.now(t, call).Status)
	}
}

func TestWhatComesInIsCountedAndNeverRefused(t *testing.T) {
	t.Parallel()
	h := open(t, map[billing.Metric]int64{billing.Calls: 1, billing.Minutes: 1})
	for i, sid := range []string{"one", "two", "three"} {
		h.vendor.set(sid, map[string]any{"from": theirs, "to": ours, "direction": "inbound", "status": "completed", "duration": "61"})
		for sequence := range 2 {
			if err := h.hears(t, "", callback(sid, "completed", sequence)+"&Direction=inbound&From=%2B12025550142&To=%2B12025550100"); err != nil {
				t.Fatal(err)
			}
		}
		if calls, minutes := h.used(t, billing.Calls), h.used(t, billing.Minutes); calls != i+1 || minutes != 2*(i+1) {
			t.Errorf("after %d: %d calls and %d minutes", i+1, calls, minutes)
		}
	}
	if err := h.starts(t, "out"); !fault.Is(err, fault.CodePlanLimit) {
		t.Errorf("with all used up: %v", err)
	}
}

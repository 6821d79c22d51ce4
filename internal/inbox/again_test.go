package inbox

import (
	"context"
	"net/http"
	"testing"
)

func TestWhatWasGivenUpIsTriedAgainWhenItComesAgain(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.handles(func(context.Context, Event) (Matched, error) { return Matched{}, errBroken })
	r.deliver(t.Context(), "a")
	if _, err := r.admin.Exec(t.Context(), "UPDATE river.river_job SET max_attempts = 1"); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	eventually(t, "the event is given up", func() bool { return r.status(t, "a") == "FAILED" })
	r.handles(nil)
	for range 2 { // the second one finds it kept and in work, or done
		if status, _ := r.deliver(t.Context(), "a"); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	eventually(t, "the event is processed", func() bool { return r.status(t, "a") == "PROCESSED" })
	if n := r.number(t, "SELECT count(*) FROM switchboard.webhook_events"); n != 1 {
		t.Errorf("%d events", n)
	}
	if n := r.number(t, countJobs); n != 2 {
		t.Errorf("%d jobs", n)
	}
}

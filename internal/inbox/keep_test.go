package inbox

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	countEvents = "SELECT count(*) FROM switchboard.webhook_events"
	countJobs   = "SELECT count(*) FROM river.river_job WHERE kind = 'inbox.deliver'"
	// countPairs counts the events that have exactly one job.
	countPairs = `SELECT count(*) FROM switchboard.webhook_events e
		WHERE (SELECT count(*) FROM river.river_job j WHERE j.args->>'event_id' = e.id::text) = 1`
)

func TestTheSameDeliveryTwentyTimesAtOnceIsOneEvent(t *testing.T) {
	t.Parallel()
	r := open(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if status, _ := r.deliver(t.Context(), "same"); status != http.StatusOK {
				t.Errorf("status %d", status)
			}
		})
	}
	all.Wait()
	if events, queued := r.number(t, countEvents), r.number(t, countJobs); events != 1 || queued != 1 {
		t.Errorf("%d events and %d jobs", events, queued)
	}
	if r.counted["new"] != 1 || r.counted["again"] != 19 {
		t.Errorf("counted %v", r.counted)
	}
}

func (r *room) committing() bool {
	r.intake.mu.Lock()
	defer r.intake.mu.Unlock()
	return r.intake.lanes > 0
}

func TestAnEventHasAJobAndAJobHasAnEventWhateverIsInterrupted(t *testing.T) {
	t.Parallel()
	r := open(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	taken := 0
	for i := range 8 {
		random := rand.New(rand.NewPCG(uint64(i), 1))
		all.Go(func() {
			for range 25 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(20_000))*time.Microsecond)
				status, _ := r.deliver(ctx, string(rune('a'+i))+strings.Repeat("x", random.IntN(20)))
				cancel()
				if status == http.StatusOK {
					mu.Lock()
					taken++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	for r.committing() { // those whose senders left may still be under way
		runtime.Gosched()
	}
	events := r.number(t, countEvents)
	if queued, pairs := r.number(t, countJobs), r.number(t, countPairs); queued != events || pairs != events {
		t.Errorf("%d events, %d jobs, %d of them belong together", events, queued, pairs)
	}
	if taken > 0 && events == 0 {
		t.Errorf("%d deliveries were answered well and nothing was kept", taken)
	}
}

func TestADeliveryIsRefusedForNowWhileTheDatabaseIsAwayAndKeptWhenItIsBack(t *testing.T) {
	t.Parallel()
	r := open(t)
	reopen := r.shut(t)
	status, headers := r.deliver(t.Context(), "a")
	if status != http.StatusServiceUnavailable || headers.Get("Retry-After") == "" {
		t.Errorf("status %d, Retry-After %q", status, headers.Get("Retry-After"))
	}
	reopen()
	if status, _ := r.deliver(t.Context(), "a"); status != http.StatusOK {
		t.Errorf("when the database is back the status is %d", status)
	}
	if events, pairs := r.number(t, countEvents), r.number(t, countPairs); events != 1 || pairs != 1 {
		t.Errorf("%d events, %d with a job", events, pairs)
	}
	r.store.Close()
	if status, _ := r.deliver(t.Context(), "b"); status != http.StatusServiceUnavailable {
		t.Errorf("with a closed pool the status is %d", status)
	}
}

func TestWhatASenderCouldBePosedAsWithIsNotKept(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.deliver(t.Context(), "a", "Authorization", "Bearer "+secret, "Cookie", "session="+secret, "X-Kept", "yes")
	var headers string
	if err := r.admin.QueryRow(t.Context(), "SELECT headers::text FROM switchboard.webhook_events").Scan(&headers); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(headers, secret) || !strings.Contains(headers, "X-Kept") {
		t.Errorf("kept headers: %s", headers)
	}
}

func TestBytesThatNoTextCanHoldAreKept(t *testing.T) {
	t.Parallel()
	r := open(t)
	bodies := []string{"\x00", "a\x00b\xff\xfe", strings.Repeat("\xc3", 10_000), ""}
	for _, body := range bodies {
		if status, _ := r.deliver(t.Context(), body, "X-Type", "caf\xe9"); status != http.StatusOK {
			t.Errorf("%.10q: status %d", body, status)
		}
	}
	for _, body := range bodies {
		var kept []byte
		err := r.admin.QueryRow(t.Context(), "SELECT body FROM switchboard.webhook_events WHERE body = $1 AND external_id = 't1' AND type = 'caf\uFFFD'", []byte(body)).Scan(&kept)
		if err != nil || !bytes.Equal(kept, []byte(body)) {
			t.Errorf("%.10q was kept as %.10q, %v", body, kept, err)
		}
	}
}

func TestWhatIsForgedTooLongOrForNobodyIsNotKept(t *testing.T) {
	t.Parallel()
	r := open(t)
	forged, _ := r.deliver(t.Context(), "a", secretHeader, "guess")
	long, _ := r.deliver(t.Context(), strings.Repeat("a", maxBody+1))
	r.url += "s"
	nobody, _ := r.deliver(t.Context(), "a")
	if forged != http.StatusUnauthorized || long != http.StatusRequestEntityTooLarge || nobody != http.StatusNotFound {
		t.Errorf("forged %d, too long %d, for nobody %d", forged, long, nobody)
	}
	if events := r.number(t, countEvents); events != 0 {
		t.Errorf("%d events were kept", events)
	}
}

package telephony

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/jobs"
)

// told is one callback of the walk, with how far the provider was at the earliest when it was sent.
type told struct {
	body string
	step int
}

// walk is a call with a leg and two recordings: what the provider knows at each step, and what it sends.
func (v *vendor) walk(step int, to string) {
	begun := map[string]any{"from": ours, "to": to, "direction": "outbound-api", "date_created": "Tue, 24 Nov 2026 10:00:00 +0000"}
	leg := map[string]any{"from": ours, "to": "+12025550155", "direction": "outbound-dial", "parent_call_sid": "first", "date_created": "Tue, 24 Nov 2026 10:00:05 +0000"}
	begun["status"] = []string{"queued", "ringing", "in-progress", "in-progress", "in-progress", "completed", "completed"}[step]
	if step >= 2 {
		begun["start_time"] = "Tue, 24 Nov 2026 10:00:04 +0000"
	}
	if step >= 3 {
		leg["status"], leg["start_time"] = "in-progress", "Tue, 24 Nov 2026 10:00:06 +0000"
		v.record("one", "first", "in-progress")
	}
	if step >= 4 {
		leg["status"], leg["end_time"], leg["duration"] = "completed", "Tue, 24 Nov 2026 10:00:16 +0000", "10"
	}
	if step >= 5 {
		begun["end_time"], begun["duration"] = "Tue, 24 Nov 2026 10:00:17 +0000", "13"
	}
	if step >= 6 {
		v.record("one", "first", "completed")
		v.record("two", "first", "absent")
	}
	v.set("first", begun)
	if step >= 3 {
		v.set("second", leg)
	}
}

const steps = 7

func callbacks() []told {
	heard := func(sid, status string) string {
		return fmt.Sprintf("CallSid=first&RecordingSid=%s&RecordingStatus=%s&CallStatus=in-progress", sid, status)
	}
	return []told{
		{callback("first", "initiated", 0), 0}, {callback("first", "ringing", 1), 1}, {callback("first", "in-progress", 2), 2},
		{callback("second", "initiated", 0) + "&ParentCallSid=first", 3}, {callback("second", "in-progress", 1) + "&ParentCallSid=first", 3}, {heard("one", "in-progress"), 3},
		{callback("second", "completed", 2) + "&ParentCallSid=first", 4}, {callback("first", "completed", 3), 5},
		{heard("one", "completed"), 6}, {heard("two", "absent"), 6},
	}
}

// Whatever the order in which callbacks come, however often, and however far the provider is by then, the same
// rows are there in the end.
func TestAnyOrderAndDoublingOfACallsCallbacksEndsInTheSameRows(t *testing.T) {
	t.Parallel()
	var want string
	for seed := range uint64(12) {
		h, random := open(t), rand.New(rand.NewPCG(seed, 5))
		h.execute(t, "UPDATE switchboard.phone_numbers SET forward_to = '+12025550155'")
		call := h.begin(t)
		heard := append(callbacks(), callbacks()[:random.IntN(len(callbacks()))]...)
		if seed > 0 {
			random.Shuffle(len(heard), func(i, j int) { heard[i], heard[j] = heard[j], heard[i] })
		}
		far := 0
		for _, c := range heard {
			if far = max(far, c.step); seed%2 == 0 { // else the provider is no further than it has to be
				far = max(far, random.IntN(steps))
			}
			h.vendor.walk(far, theirs)
			if err := h.hears(t, "call="+call.ID.UUID.String(), c.body); err != nil {
				t.Fatalf("seed %d: %s: %v", seed, c.body, err)
			}
		}
		// What came before the provider was that far is brought by a knock that comes later, or by the sweep.
		h.vendor.walk(steps-1, theirs)
		if err := h.worker.check(t.Context(), jobs.Job[checkArgs]{Args: checkArgs{CallID: call.ID.UUID, ProviderID: "first"}}); err != nil {
			t.Fatal(err)
		}
		h.execute(t, "UPDATE switchboard.calls SET record = true")
		if err := h.worker.collect(t.Context(), jobs.Job[collectArgs]{Args: collectArgs{CallID: call.ID.UUID}}); err != nil {
			t.Fatal(err)
		}
		if got := h.rows(t); want == "" {
			if want = got; !strings.HasPrefix(got, "COMPLETED completed 2026-11-24 ") || !strings.Contains(got, "one COMPLETED PENDING 11000,two ABSENT FAILED") {
				t.Fatalf("not what the provider says:\n%s", got)
			}
		} else if got != want {
			t.Fatalf("seed %d ends in\n%s\nwant\n%s", seed, got, want)
		}
	}
}

func TestAKnockOfAnyAgeBringsTheProvidersPresentTruth(t *testing.T) {
	t.Parallel()
	for _, c := range callbacks()[:3] {
		h := open(t)
		h.vendor.walk(steps-1, theirs)
		call := h.begin(t)
		if err := h.hears(t, "call="+call.ID.UUID.String(), c.body); err != nil {
			t.Fatalf("%s: %v", c.body, err)
		}
		now, err := h.Get(t.Context(), h.viewer, call.ID)
		if err != nil || now.Status != Completed || *now.DurationMs != 13_000 || now.EndedAt.Format("15:04:05") != "10:00:17" {
			t.Errorf("after %s: %+v, %v", c.body, now, err)
		}
	}
}

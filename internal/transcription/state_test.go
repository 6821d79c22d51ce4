package transcription

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func statuses() []Status { return []Status{Queued, Processing, Completed, Failed, Canceled} }

// TestTheGraphIsTheOneInTheSchema writes every arrow down a second time: the schema's description of
// TranscriptionStatus promises exactly these to clients.
func TestTheGraphIsTheOneInTheSchema(t *testing.T) {
	t.Parallel()
	arrows := map[Status][]Status{
		Queued: {Processing, Failed, Canceled}, Processing: {Completed, Failed, Canceled}, Completed: nil, Failed: {Queued, Completed}, Canceled: {Queued},
	}
	for _, from := range statuses() {
		for _, to := range append(statuses(), "", "completed") {
			if want := slices.Contains(arrows[from], to); from.CanBecome(to) != want {
				t.Errorf("%s can become %q: %v", from, to, !want)
			}
		}
	}
	for _, strange := range []Status{"", "queued", "LOST"} {
		for _, to := range statuses() {
			if strange.CanBecome(to) {
				t.Errorf("%q can become %s", strange, to)
			}
		}
		if strange.Live() {
			t.Errorf("%q is live", strange)
		}
	}
}

// TestNoKnockInAnyOrderLeavesTheGraph lets webhooks, jobs and people ask for anything, as often and in
// whatever order they like.
func TestNoKnockInAnyOrderLeavesTheGraph(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now, attempt, done := Queued, 1, false
		for _, wish := range rapid.SliceOfN(rapid.SampledFrom(statuses()), 0, 40).Draw(t, "wishes") {
			if !now.CanBecome(wish) {
				continue
			}
			if done {
				t.Fatalf("COMPLETED became %s", wish)
			}
			if wish == Completed && now != Processing && now != Failed {
				t.Fatalf("%s became COMPLETED", now)
			}
			if wish == Queued {
				if now.Live() {
					t.Fatalf("%s was queued again while something was to be expected", now)
				}
				attempt++
			} else if !now.Live() && wish != Completed {
				t.Fatalf("%s became %s without being queued again", now, wish)
			}
			now, done = wish, wish == Completed
		}
		if attempt > 1 && !slices.Contains(statuses(), now) {
			t.Fatalf("attempt %d is %s", attempt, now)
		}
	})
}

func TestWhatIsLiveComesToAnEndInAtMostTwoSteps(t *testing.T) {
	t.Parallel()
	for _, s := range statuses() {
		ends := slices.ContainsFunc(s.next(), func(n Status) bool { return !n.Live() })
		if s.Live() && !ends {
			t.Errorf("%s is live and cannot end", s)
		}
		if !s.Live() && slices.ContainsFunc(s.next(), func(n Status) bool { return n != Queued && n != Completed }) {
			t.Errorf("%s is over and goes on without being queued again", s)
		}
	}
}

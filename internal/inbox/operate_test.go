package inbox

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

func givesUp(context.Context, Event) (Matched, error) { return Matched{}, jobs.GiveUp(errBroken) }

// id is that of the event with this body.
func (r *room) id(t *testing.T, body string) ids.ID {
	t.Helper()
	var id uuid.UUID
	if err := r.admin.QueryRow(t.Context(), "SELECT id FROM switchboard.webhook_events WHERE body = $1", []byte(body)).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return ids.Of(ids.Webhook, id)
}

func (r *room) becomes(t *testing.T, body string, status Status) {
	t.Helper()
	eventually(t, body+" is "+string(status), func() bool { return r.status(t, body) == string(status) })
}

func TestAnEventThatIsGivenUpIsToldToItsOrganizationOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	owner := uuid.New()
	execute(t, r.admin, "INSERT INTO switchboard.organizations (id, name, slug) VALUES ('"+owner.String()+"', 'One', 'one')")
	r.handles(func(_ context.Context, e Event) (Matched, error) {
		if string(e.Body) == "nobody's" {
			return Matched{}, jobs.GiveUp(errBroken)
		}
		return Matched{OrganizationID: owner}, jobs.GiveUp(errBroken)
	})
	r.start(t)
	r.deliver(t.Context(), "ours")
	r.deliver(t.Context(), "nobody's")
	r.becomes(t, "ours", Failed)
	r.becomes(t, "nobody's", Failed)
	ours := r.id(t, "ours")
	if err := r.Inbox.deliver(t.Context(), jobs.Job[deliverArgs]{Args: deliverArgs{EventID: ours.UUID}}); err == nil {
		t.Error("a second run has no error")
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.activity_events WHERE type = 'WEBHOOK_FAILED'"); n != 1 {
		t.Errorf("%d activities", n)
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.activity_events WHERE organization_id = $1 AND subject_kind = 'whk' AND subject_id = $2", owner, ours.UUID); n != 1 {
		t.Error("it is not told of the event, or to another organization")
	}
	if kept, err := r.Get(t.Context(), ours); err != nil || kept.OrganizationID == nil || kept.OrganizationID.UUID != owner {
		t.Errorf("the event is of %v, %v", kept.OrganizationID, err)
	}
}

func TestAReplayHasAllTriesAgainAndSucceedsOnceTheCauseIsGone(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.handles(givesUp)
	r.start(t)
	r.deliver(t.Context(), "a")
	r.becomes(t, "a", Failed)
	id := r.id(t, "a")
	if err := r.Replay(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay failed too", func() bool {
		kept, err := r.Get(t.Context(), id)
		return err == nil && kept.Status == Failed && kept.Attempts == 1 && kept.QueuedAt.After(kept.ReceivedAt)
	})
	r.handles(nil)
	if err := r.Replay(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	r.becomes(t, "a", Processed)
	if kept, err := r.Get(t.Context(), id); err != nil || kept.Attempts != 1 || kept.Error != nil || string(kept.Body) != "a" || kept.ProcessedAt == nil {
		t.Errorf("%+v, %v", kept, err)
	}
}

func TestWhatIsFinishedIsReplayedByForceOnly(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.start(t)
	r.deliver(t.Context(), "a")
	r.becomes(t, "a", Processed)
	id := r.id(t, "a")
	if err := r.Replay(t.Context(), id, false); !fault.Is(err, fault.CodeInvalidState) {
		t.Errorf("without force: %v", err)
	}
	if err := r.Discard(t.Context(), id, "too late"); !fault.Is(err, fault.CodeInvalidState) {
		t.Errorf("discarded after the fact: %v", err)
	}
	handled := r.number(t, countJobs)
	if err := r.Replay(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	r.becomes(t, "a", Processed)
	if n := r.number(t, countJobs); n != handled+1 {
		t.Errorf("%d jobs after the replay, %d before", n, handled)
	}
}

func TestADiscardedEventIsNotProcessedAndSaysWhy(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.deliver(t.Context(), "a")
	id := r.id(t, "a")
	for _, note := range []string{"", strings.Repeat("x", maxNote+1), "a\x00b"} {
		if err := r.Discard(t.Context(), id, note); !fault.Is(err, fault.CodeInvalid) {
			t.Errorf("note %.5q: %v", note, err)
		}
	}
	if err := r.Discard(t.Context(), id, "a test of theirs"); err != nil {
		t.Fatal(err)
	}
	r.start(t)
	r.deliver(t.Context(), "b") // its job comes behind the first one's
	r.becomes(t, "b", Processed)
	eventually(t, "both jobs ran", func() bool { return r.number(t, countJobs+" AND state <> 'completed'") == 0 })
	kept, err := r.Get(t.Context(), id)
	if err != nil || kept.Status != Discarded || kept.Attempts != 0 || kept.Note == nil || *kept.Note != "a test of theirs" {
		t.Errorf("%+v, %v", kept.Kept, err)
	}
	for _, e := range r.handled {
		if string(e.Body) == "a" {
			t.Error("it was processed")
		}
	}
}

func TestWhatIsNotThereCannotBeShownReplayedOrDiscarded(t *testing.T) {
	t.Parallel()
	r := open(t)
	nothing := ids.New(ids.Webhook)
	_, err := r.Get(t.Context(), nothing)
	for what, err := range map[string]error{"shown": err, "replayed": r.Replay(t.Context(), nothing, true), "discarded": r.Discard(t.Context(), nothing, "why")} {
		if !fault.Is(err, fault.CodeNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTheListIsNarrowedByStatusSourceAndAgeNewestFirst(t *testing.T) {
	t.Parallel()
	r := open(t)
	for _, body := range []string{"old", "middle", "new"} {
		r.deliver(t.Context(), body)
	}
	execute(t, r.admin, "UPDATE switchboard.webhook_events SET received_at = now() - interval '2 hours' WHERE body = 'old'")
	execute(t, r.admin, "UPDATE switchboard.webhook_events SET status = 'FAILED' WHERE body <> 'middle'")
	execute(t, r.admin, "UPDATE switchboard.webhook_events SET source = 'STRIPE' WHERE body = 'new'")
	for want, filter := range map[string]Filter{
		"new middle old": {Limit: 10},
		"new middle":     {Limit: 2},
		"new old":        {Limit: 10, Status: Failed},
		"middle old":     {Limit: 10, Source: AssemblyAI},
		"old":            {Limit: 10, Source: AssemblyAI, Status: Failed},
		"new":            {Limit: 10, Status: Failed, Since: time.Now().Add(-time.Hour)},
	} {
		list, err := r.List(t.Context(), filter)
		var got []string
		for _, k := range list {
			whole, err := r.Get(t.Context(), k.ID)
			if err != nil || whole.Size != k.Size {
				t.Fatalf("%+v, %v", whole.Kept, err)
			}
			got = append(got, string(whole.Body))
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%+v: %v, %v, want %s", filter, got, err, want)
		}
	}
	for _, limit := range []int{0, -1, maxList + 1} {
		if _, err := r.List(t.Context(), Filter{Limit: limit}); !fault.Is(err, fault.CodeInvalid) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
}

package inbox

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

var errBroken = errors.New("broken")

func TestWebhookIsKeptWhenProcessingFails(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.handles(func(context.Context, Event) (Matched, error) { return Matched{}, errBroken })
	r.start(t)
	if status, _ := r.deliver(t.Context(), "a"); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	eventually(t, "the event waits for another try", func() bool { return r.status(t, "a") == "RETRYING" })
	var why string
	if err := r.admin.QueryRow(t.Context(), "SELECT error FROM switchboard.webhook_events").Scan(&why); err != nil || why != errBroken.Error() {
		t.Errorf("the event says %q, %v", why, err)
	}
	r.handles(nil)
	eventually(t, "the event is processed", func() bool { return r.status(t, "a") == "PROCESSED" })
}

func TestAnEventThatWasNobodysIsDoneWithoutAnOwner(t *testing.T) {
	t.Parallel()
	r := open(t)
	owner := uuid.New()
	if _, err := r.admin.Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'One', 'one')", owner); err != nil {
		t.Fatal(err)
	}
	r.handles(func(_ context.Context, e Event) (Matched, error) {
		if string(e.Body) == "ours" {
			return Matched{OrganizationID: owner}, nil
		}
		return Matched{}, nil
	})
	r.start(t)
	r.deliver(t.Context(), "ours")
	r.deliver(t.Context(), "nobody's")
	eventually(t, "both are processed", func() bool { return r.status(t, "ours") == "PROCESSED" && r.status(t, "nobody's") == "PROCESSED" })
	if owned := r.number(t, "SELECT count(*) FROM switchboard.webhook_events WHERE organization_id = $1 AND body = 'ours'", owner); owned != 1 {
		t.Errorf("%d events belong to the organization", owned)
	}
	for _, e := range r.handled {
		if e.Query != "submission=1" || e.Source != AssemblyAI || e.Last || time.Since(e.ReceivedAt) > patience {
			t.Errorf("the room was handed %+v", e)
		}
	}
}

func TestWhatARunFoundOutStaysWhenTheNextKnowsLess(t *testing.T) {
	t.Parallel()
	r := open(t)
	owner, about := uuid.New(), ids.New(ids.Call)
	if _, err := r.admin.Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'One', 'one')", owner); err != nil {
		t.Fatal(err)
	}
	var runs atomic.Int32
	r.handles(func(context.Context, Event) (Matched, error) {
		if runs.Add(1) == 1 {
			return Matched{OrganizationID: owner, Subject: about}, errBroken
		}
		return Matched{}, nil
	})
	r.start(t)
	r.deliver(t.Context(), "a")
	eventually(t, "the second run is done", func() bool { return r.status(t, "a") == "PROCESSED" })
	if n := r.number(t, "SELECT count(*) FROM switchboard.webhook_events WHERE organization_id = $1 AND subject_kind = 'call' AND subject_id = $2", owner, about.UUID); n != 1 {
		t.Error("it was forgotten")
	}
}

func TestPoisonBlocksNobodyAndEndsAsFailed(t *testing.T) {
	t.Parallel()
	for name, poison := range map[string]func(context.Context) error{
		"gives up": func(context.Context) error { return jobs.GiveUp(errBroken) },
		"fails":    func(context.Context) error { return errBroken },
		"panics":   func(context.Context) error { panic("poison") },
		"hangs":    func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"bad text": func(context.Context) error { return errors.New("a\x00\xff") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t)
			r.handles(func(ctx context.Context, e Event) (Matched, error) {
				if string(e.Body) != "poison" {
					return Matched{}, nil
				}
				ctx, cancel := context.WithCancel(ctx)
				cancel() // as when the run's time is over
				return Matched{}, poison(ctx)
			})
			r.deliver(t.Context(), "poison")
			if _, err := r.admin.Exec(t.Context(), "UPDATE river.river_job SET max_attempts = 1"); err != nil { // half an hour of tries later
				t.Fatal(err)
			}
			for _, body := range []string{"a", "b", "c"} {
				r.deliver(t.Context(), body)
			}
			r.start(t)
			for _, body := range []string{"a", "b", "c"} {
				eventually(t, "the others are processed", func() bool { return r.status(t, body) == "PROCESSED" })
			}
			eventually(t, "the poison is given up", func() bool { return r.status(t, "poison") == "FAILED" })
		})
	}
}

func TestARunWhoseTimeIsOverIsStillWrittenDown(t *testing.T) {
	t.Parallel()
	r := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.handles(func(ctx context.Context, _ Event) (Matched, error) {
		cancel()
		return Matched{}, ctx.Err()
	})
	r.deliver(ctx, "slow")
	var id uuid.UUID
	if err := r.admin.QueryRow(t.Context(), "SELECT id FROM switchboard.webhook_events").Scan(&id); err != nil {
		t.Fatal(err)
	}
	if err := r.Inbox.deliver(ctx, jobs.Job[deliverArgs]{Args: deliverArgs{EventID: id}, Last: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if status := r.status(t, "slow"); status != "FAILED" {
		t.Errorf("after its last run the event is %s", status)
	}
}

func TestASecondRunOfADoneEventDoesNothing(t *testing.T) {
	t.Parallel()
	r := open(t)
	var runs atomic.Int32
	r.handles(func(context.Context, Event) (Matched, error) { runs.Add(1); return Matched{}, nil })
	r.deliver(t.Context(), "a")
	var id uuid.UUID
	if err := r.admin.QueryRow(t.Context(), "SELECT id FROM switchboard.webhook_events").Scan(&id); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := r.Inbox.deliver(t.Context(), jobs.Job[deliverArgs]{Args: deliverArgs{EventID: id}}); err != nil {
			t.Fatal(err)
		}
	}
	if attempts := r.number(t, "SELECT attempts FROM switchboard.webhook_events"); attempts != 1 || runs.Load() != 1 {
		t.Errorf("%d attempts, %d runs", attempts, runs.Load())
	}
}

func TestAnEventThatWaitsIsNoFailure(t *testing.T) {
	t.Parallel()
	r := open(t)
	var runs atomic.Int32
	r.handles(func(context.Context, Event) (Matched, error) {
		if runs.Add(1) < 4 {
			return Matched{}, jobs.Later(10 * time.Millisecond)
		}
		return Matched{}, nil
	})
	r.start(t)
	r.deliver(t.Context(), "early")
	eventually(t, "the event is processed", func() bool { return r.status(t, "early") == "PROCESSED" })
	if attempts := r.number(t, "SELECT attempts FROM switchboard.webhook_events"); attempts != 1 {
		t.Errorf("%d attempts were counted", attempts)
	}
}

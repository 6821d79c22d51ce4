package inbox

import (
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/jobs"
)

// plant writes events of a status that are as old as this, in every respect.
func (r *room) plant(t *testing.T, n int, status Status, old time.Duration) {
	t.Helper()
	_, err := r.admin.Exec(t.Context(), `INSERT INTO switchboard.webhook_events (id, source, dedupe_key, type, headers, body, status, received_at, queued_at, processed_at)
		SELECT gen_random_uuid(), 'ASSEMBLYAI', sha256(gen_random_uuid()::text::bytea), 'x', '{}', $2::text::bytea, $2, now() - $3::interval, now() - $3::interval,
			CASE WHEN $2 IN ('PROCESSED', 'DISCARDED') THEN now() - $3::interval END
		FROM generate_series(1, $1)`, n, string(status), old)
	if err != nil {
		t.Fatal(err)
	}
}

func (r *room) retains(t *testing.T) {
	t.Helper()
	if err := r.retain(t.Context(), jobs.Job[retainArgs]{}); err != nil {
		t.Fatal(err)
	}
}

func TestEventsGoAfterTheTimeOfTheirStatusAndNotBefore(t *testing.T) {
	t.Parallel()
	r := open(t)
	const kept, margin = 30 * 24 * time.Hour, time.Hour
	r.finishedFor = kept
	for _, status := range []Status{Processed, Discarded} {
		r.plant(t, 1, status, kept-margin)
		r.plant(t, 2, status, kept+margin)
	}
	r.plant(t, 1, Failed, failedFor-margin)
	r.plant(t, 2, Failed, failedFor+margin)
	r.plant(t, 1, Received, strandedAfter-margin)
	r.retains(t)
	if left, fresh := r.number(t, countEvents), r.number(t, countEvents+" WHERE received_at > now() - $1::interval", failedFor); left != 4 || fresh != 4 {
		t.Errorf("%d events are left, %d of them in their time; want 4", left, fresh)
	}
	for _, status := range []Status{Processed, Discarded, Failed, Received} {
		if n := r.number(t, countEvents+" WHERE status = $1", string(status)); n != 1 {
			t.Errorf("%d are left of %s", n, status)
		}
	}
}

func TestOneRunRemovesMuchInSmallStatementsAndNoMoreThanItsBound(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.finishedFor = time.Hour
	r.plant(t, retainBatch*retainBatches+7, Processed, 2*time.Hour)
	r.retains(t)
	if left := r.number(t, countEvents); left != 7 {
		t.Errorf("after one run %d are left", left)
	}
	r.retains(t)
	if left := r.number(t, countEvents); left != 0 {
		t.Errorf("after two runs %d are left", left)
	}
}

func TestAnEventThatLostItsJobBecomesADeadLetterThatCanBeReplayed(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.plant(t, 1, Received, strandedAfter+time.Minute)
	r.plant(t, 1, Retrying, strandedAfter+time.Minute)
	r.retains(t)
	list, err := r.List(t.Context(), Filter{Status: Failed, Limit: 10})
	if err != nil || len(list) != 2 || list[0].Error == nil {
		t.Fatalf("%+v, %v", list, err)
	}
	for _, k := range list {
		if err := r.Replay(t.Context(), k.ID, false); err != nil {
			t.Fatal(err)
		}
	}
	r.retains(t)
	if n := r.number(t, countEvents+" WHERE status = 'RECEIVED'"); n != 2 {
		t.Errorf("%d wait after the replay", n)
	}
}

// backlog is that of the one source.
func (r *room) backlog(t *testing.T) (Backlog, error) {
	t.Helper()
	all, err := r.Backlog(t.Context())
	if len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	return all[0], err
}

func TestTheBacklogIsTheOldestThatWaitsAndAllThatWereGivenUp(t *testing.T) {
	t.Parallel()
	r := open(t)
	if b, err := r.backlog(t); err != nil || b != (Backlog{Source: AssemblyAI}) {
		t.Errorf("of an empty inbox: %+v, %v", b, err)
	}
	r.plant(t, 3, Failed, 50*time.Hour)
	r.plant(t, 1, Processed, 40*time.Hour)
	if b, err := r.backlog(t); err != nil || b.DeadLetters != 3 || b.Lag != 0 {
		t.Errorf("while nothing waits: %+v, %v", b, err)
	}
	r.plant(t, 1, Retrying, 2*time.Hour)
	r.plant(t, 1, Received, time.Hour)
	if b, err := r.backlog(t); err != nil || b.Lag < 2*time.Hour || b.Lag > 3*time.Hour {
		t.Errorf("while two wait: %+v, %v", b, err)
	}
	execute(t, r.admin, "UPDATE switchboard.webhook_events SET queued_at = now() WHERE status = 'RETRYING'") // as a replay does
	if b, err := r.backlog(t); err != nil || b.Lag > 2*time.Hour {
		t.Errorf("after a replay: %+v, %v", b, err)
	}
}

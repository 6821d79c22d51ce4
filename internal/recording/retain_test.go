package recording

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

func (r *room) keeps(t *testing.T, days *int) {
	t.Helper()
	r.do(t, "UPDATE switchboard.organizations SET recording_retention_days = $1", days)
}

func (r *room) do(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := r.store.Pool().Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// aged is a recording that was made so long ago.
func (r *room) aged(t *testing.T, age time.Duration) Recording {
	t.Helper()
	rec := r.recording(t)
	r.do(t, "UPDATE switchboard.recordings SET created_at = now() - $2::interval WHERE id = $1", rec.ID.UUID, age)
	return rec
}

func (r *room) there(t *testing.T, rec Recording) bool {
	t.Helper()
	_, err := r.Get(t.Context(), r.ada, rec.ID)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func (r *room) retains(t *testing.T) {
	t.Helper()
	if err := r.worker.retain(t.Context(), r.jobs); err != nil {
		t.Fatal(err)
	}
}

const day = 24 * time.Hour

func TestRecordingGoesWhenItIsOlderThanItsOrganizationKeepsItUnlessItIsHeld(t *testing.T) {
	t.Parallel()
	r := open(t)
	old, held, fresh := r.aged(t, 8*day), r.aged(t, 8*day), r.aged(t, 6*day)
	reason := "Case 4711"
	if _, err := r.SetHold(t.Context(), r.ada, HoldInput{RecordingID: held.ID, Hold: true, Reason: &reason}); err != nil {
		t.Fatal(err)
	}
	r.retains(t)
	if !r.there(t, old) {
		t.Fatal("an organization that set no time lost a recording")
	}
	week := 7
	r.keeps(t, &week)
	for range 2 {
		r.retains(t)
	}
	if r.there(t, old) || !r.there(t, held) || !r.there(t, fresh) {
		t.Errorf("there: old %t, held %t, fresh %t", r.there(t, old), r.there(t, held), r.there(t, fresh))
	}
	if n := r.number(t, "SELECT count(*) FROM river.river_job WHERE kind = 'recording.deleted'"); n != 1 {
		t.Errorf("%d deletions follow", n)
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_DELETED' AND actor_kind = 'SYSTEM' AND detail->>'because' = 'retention'"); n != 1 {
		t.Errorf("%d events", n)
	}
	if _, err := r.SetHold(t.Context(), r.ada, HoldInput{RecordingID: held.ID}); err != nil {
		t.Fatal(err)
	}
	r.retains(t)
	if r.there(t, held) {
		t.Error("it outlives its hold")
	}
}

func TestRetentionWorksInSmallBatchesUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	r := open(t)
	first := r.aged(t, 3*day)
	r.do(t, `INSERT INTO switchboard.recordings (id, organization_id, source, status, object_key, content_type, size_bytes, created_at)
		SELECT gen_random_uuid(), organization_id, 'UPLOAD', 'STORED', 'uploads/' || n, 'audio/wav', 1, created_at
		FROM switchboard.recordings, generate_series(1, 249) n WHERE id = $1`, first.ID.UUID)
	one := 1
	r.keeps(t, &one)
	r.retains(t)
	if n := r.number(t, "SELECT count(*) FROM switchboard.recordings WHERE deleted_at IS NULL"); n != 0 {
		t.Errorf("%d are left", n)
	}
	if n := r.number(t, "SELECT count(DISTINCT number) FROM switchboard.activity_events WHERE type = 'RECORDING_DELETED'"); n != 250 {
		t.Errorf("%d events", n)
	}
	if n := r.number(t, "SELECT count(DISTINCT xmin::text) FROM switchboard.activity_events WHERE type = 'RECORDING_DELETED'"); n != 3 {
		t.Errorf("in %d transactions", n)
	}
}

func TestHeldRecordingIsDeletedByNobodyUntilTheHoldIsLifted(t *testing.T) {
	t.Parallel()
	r := open(t)
	rec, reason, none := r.recording(t), "Case 4711", " "
	operator, admin := r.grace, r.grace
	operator.Memberships = []access.Membership{{OrganizationID: r.scope.OrganizationID, Role: access.Operator}}
	admin.Memberships = []access.Membership{{OrganizationID: r.scope.OrganizationID, Role: access.Admin}}
	stranger := member(t, r.store.Pool(), uuid.New(), "eve@example.com")
	for name, c := range map[string]struct {
		viewer access.Viewer
		in     HoldInput
		code   fault.Code
	}{
		"no reason":   {admin, HoldInput{RecordingID: rec.ID, Hold: true}, fault.CodeInvalid},
		"a blank one": {admin, HoldInput{RecordingID: rec.ID, Hold: true, Reason: &none}, fault.CodeInvalid},
		"an operator": {operator, HoldInput{RecordingID: rec.ID, Hold: true, Reason: &reason}, fault.CodeForbidden},
		"a stranger":  {stranger, HoldInput{RecordingID: rec.ID, Hold: true, Reason: &reason}, fault.CodeNotFound},
		"a missing":   {admin, HoldInput{RecordingID: ids.New(ids.Recording), Hold: true, Reason: &reason}, fault.CodeNotFound},
	} {
		if _, err := r.SetHold(t.Context(), c.viewer, c.in); !fault.Is(err, c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 2 {
		held, err := r.SetHold(t.Context(), admin, HoldInput{RecordingID: rec.ID, Hold: true, Reason: &reason})
		if err != nil || !held.Held {
			t.Fatalf("%+v, %v", held, err)
		}
		if hold := r.Hold(admin, *held); hold == nil || hold.Reason != reason || *hold.By.UserID != admin.UserID {
			t.Errorf("to an admin: %+v", hold)
		}
		if r.Hold(operator, *held) != nil || r.Hold(stranger, *held) != nil {
			t.Error("others see why")
		}
	}
	if _, err := r.Delete(t.Context(), r.ada, rec.ID); !fault.Is(err, fault.CodeInvalidState) || !r.there(t, rec) {
		t.Errorf("deleted: %v", err)
	}
	for range 2 {
		if free, err := r.SetHold(t.Context(), admin, HoldInput{RecordingID: rec.ID}); err != nil || free.Held {
			t.Fatalf("%+v, %v", free, err)
		}
	}
	if _, err := r.Delete(t.Context(), r.ada, rec.ID); err != nil || r.there(t, rec) {
		t.Errorf("after it was lifted: %v", err)
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.activity_events WHERE type = 'RECORDING_HOLD_CHANGED' AND audience = 'AUDIT'"); n != 2 {
		t.Errorf("%d events of two changes", n)
	}
}

func TestDeletionAndHoldAtOnceEndInOneOfTheTwo(t *testing.T) {
	t.Parallel()
	r := open(t)
	reason := "Case 4711"
	for range 10 {
		rec := r.recording(t)
		outcome := make(chan error, 2)
		go func() {
			_, err := r.SetHold(t.Context(), r.ada, HoldInput{RecordingID: rec.ID, Hold: true, Reason: &reason})
			outcome <- err
		}()
		go func() {
			_, err := r.Delete(t.Context(), r.ada, rec.ID)
			outcome <- err
		}()
		if first, second := <-outcome, <-outcome; (first == nil) == (second == nil) {
			t.Errorf("both, or neither: %v, %v", first, second)
		}
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.recordings WHERE held_at IS NOT NULL AND deleted_at IS NOT NULL"); n != 0 {
		t.Errorf("%d are held and deleted", n)
	}
}

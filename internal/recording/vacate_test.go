package recording

import (
	"testing"

	"github.com/switchboard-voice/switchboard/internal/jobs"
)

func TestAClosedOrganizationsRecordingsGoAndWhatIsHeldStaysUntilTheHoldIsLifted(t *testing.T) {
	t.Parallel()
	r := open(t)
	free, held, reason := r.recording(t), r.recording(t), "Case 4711"
	if _, err := r.SetHold(t.Context(), r.ada, HoldInput{RecordingID: held.ID, Hold: true, Reason: &reason}); err != nil {
		t.Fatal(err)
	}
	vacates := func() error { return r.worker.Vacate(t.Context(), r.jobs, r.scope.OrganizationID) }
	if err := vacates(); !jobs.Waits(err) {
		t.Fatalf("it does not wait until the audio is gone: %v", err)
	}
	if err := r.worker.Purge(t.Context(), DeletedArgs{RecordingID: free.ID.UUID}); err != nil {
		t.Fatal(err)
	}
	if err := vacates(); !jobs.Waits(err) || r.there(t, free) || !r.there(t, held) {
		t.Errorf("%v; the free one is there: %t; the held one: %t", err, r.there(t, free), r.there(t, held))
	}
	r.do(t, "UPDATE switchboard.recordings SET held_at = NULL, held_by = NULL, hold_reason = NULL")
	if err := vacates(); !jobs.Waits(err) {
		t.Fatal(err)
	}
	if err := r.worker.Purge(t.Context(), DeletedArgs{RecordingID: held.ID.UUID}); err != nil {
		t.Fatal(err)
	}
	if err := vacates(); err != nil {
		t.Errorf("nothing is left: %v", err)
	}
}

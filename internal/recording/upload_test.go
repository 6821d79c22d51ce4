package recording

import (
	"bytes"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

func TestTheSameKeyIsTheSameUploadHoweverOftenItIsAsked(t *testing.T) {
	t.Parallel()
	r := open(t)
	key := "k"
	first, _ := r.begin(t, r.input(&key))
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			up, targets, err := r.CreateUpload(t.Context(), r.ada, r.input(&key))
			if err != nil || up.ID != first.ID || len(targets) != 1 {
				t.Errorf("upload %v, %d targets, %v", up, len(targets), err)
			}
		})
	}
	all.Wait()
	other := r.input(&key)
	other.SizeBytes--
	if _, _, err := r.CreateUpload(t.Context(), r.ada, other); !fault.Is(err, fault.CodeConflict) {
		t.Errorf("another file under the same key: %v", err)
	}
	hers, _, err := r.CreateUpload(t.Context(), r.grace, r.input(&key))
	if err != nil || hers.ID == first.ID {
		t.Errorf("another member's key: %v, %v", hers, err)
	}
	if one, two := r.upload(t), r.upload(t); one == two {
		t.Error("two uploads without a key are one")
	}
}

func (r *room) upload(t *testing.T) ids.ID {
	t.Helper()
	up, _ := r.begin(t, r.input(nil))
	return up.ID
}

func TestAKeyWhoseUploadIsCompletedGivesNoSecondTarget(t *testing.T) {
	t.Parallel()
	r := open(t)
	key := "k"
	up, target := r.begin(t, r.input(&key))
	send(t, target, samples.JFK())
	rec, _, err := r.shelve(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	again, targets, err := r.CreateUpload(t.Context(), r.ada, r.input(&key))
	if err != nil || len(targets) != 0 || again.Status != UploadCompleted || *again.RecordingID != rec.ID {
		t.Errorf("upload %+v, %d targets, %v", again, len(targets), err)
	}
}

func TestACompletedUploadIsOneRecordingHoweverOftenItIsCompleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	up, target := r.begin(t, r.input(nil))
	send(t, target, samples.JFK())
	var all sync.WaitGroup
	made := make(chan bool, 8)
	for range cap(made) {
		all.Go(func() {
			_, fresh, err := r.shelve(t.Context(), up)
			if err != nil {
				t.Error(err)
			}
			made <- fresh
		})
	}
	all.Wait()
	close(made)
	fresh := 0
	for m := range made {
		if m {
			fresh++
		}
	}
	if rows := r.number(t, "SELECT count(*) FROM switchboard.recordings"); rows != 1 || fresh != 1 {
		t.Errorf("%d recordings, made by %d calls", rows, fresh)
	}
}

func TestAnExpiredUploadCannotBeCompleted(t *testing.T) {
	t.Parallel()
	r := open(t)
	up, target := r.begin(t, r.input(nil))
	if _, _, err := r.shelve(t.Context(), up); !fault.Is(err, fault.CodeInvalidState) {
		t.Errorf("before the bytes have come: %v", err)
	}
	send(t, target, samples.JFK())
	r.later(uploadLife + time.Minute)
	if _, _, err := r.shelve(t.Context(), up); !fault.Is(err, fault.CodeExpired) {
		t.Errorf("too late: %v", err)
	}
	if rows := r.number(t, "SELECT count(*) FROM switchboard.recordings"); rows != 0 {
		t.Errorf("%d recordings", rows)
	}
}

func TestBytesThatAreNotAudioEndTheUploadAndAreRemoved(t *testing.T) {
	t.Parallel()
	r := open(t)
	in, body := r.input(nil), bytes.Repeat([]byte("a"), 1000)
	in.SizeBytes, in.SHA256 = int64(len(body)), sum(body)
	up, target := r.begin(t, in)
	send(t, target, body)
	if _, _, err := r.shelve(t.Context(), up); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("shelved with %v", err)
	}
	if now, err := r.GetUpload(t.Context(), r.ada, up.ID); err != nil || now.Status != UploadAborted || !r.gone(t, up.objectKey) {
		t.Errorf("the upload is %v, %v", now, err)
	}
}

func TestBytesOfAnotherHashAreNotTakenAndTheRightOnesMayFollow(t *testing.T) {
	t.Parallel()
	r := open(t)
	in := r.input(nil)
	in.SHA256 = sum(samples.JFK())
	up, target := r.begin(t, in)
	broken := bytes.Clone(samples.JFK())
	broken[len(broken)-1]++
	if status := sendAny(t, target, broken); status != http.StatusBadRequest || !r.gone(t, up.objectKey) {
		t.Errorf("other bytes are answered with %d", status)
	}
	send(t, target, samples.JFK())
	rec, _, err := r.shelve(t.Context(), up)
	if err != nil || rec.SHA256 == nil || *rec.SHA256 != *in.SHA256 {
		t.Errorf("shelved as %+v, %v", rec, err)
	}
}

func TestPurgingTwiceIsHarmlessAndAVisibleRecordingIsNeverPurged(t *testing.T) {
	t.Parallel()
	r := open(t)
	rec, kept := r.recording(t), r.recording(t)
	for _, id := range []ids.ID{rec.ID, kept.ID} {
		if err := r.worker.Purge(t.Context(), DeletedArgs{RecordingID: id.UUID}); err != nil || r.gone(t, rec.objectKey) {
			t.Fatalf("a visible recording was purged, %v", err)
		}
	}
	if _, err := r.Delete(t.Context(), r.ada, rec.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Get(t.Context(), r.ada, rec.ID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("a deleted recording: %v", err)
	}
	if _, err := r.Delete(t.Context(), r.ada, rec.ID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("deleting it again: %v", err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 2 {
				if err := r.worker.Purge(t.Context(), DeletedArgs{RecordingID: rec.ID.UUID}); err != nil {
					t.Errorf("Purge: %v", err)
				}
			}
		})
	}
	all.Wait()
	if rows := r.number(t, "SELECT count(*) FROM switchboard.recordings"); rows != 1 || !r.gone(t, rec.objectKey) || r.gone(t, kept.objectKey) {
		t.Errorf("%d recordings are left", rows)
	}
	if queued := r.number(t, "SELECT count(*) FROM river.river_job WHERE kind = 'recording.deleted'"); queued != 1 {
		t.Errorf("%d jobs for one deletion", queued)
	}
}

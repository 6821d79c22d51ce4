package recording

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
)

// expired makes an upload's time be over since so long.
func (r *room) expired(t *testing.T, up Upload, since time.Duration) {
	t.Helper()
	if _, err := r.store.Pool().Exec(t.Context(), "UPDATE switchboard.uploads SET expires_at = now() - $2::interval WHERE id = $1", up.ID.UUID, since); err != nil {
		t.Fatal(err)
	}
}

func (r *room) forgets(t *testing.T) {
	t.Helper()
	if err := r.worker.forget(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (r *room) uploadStatus(t *testing.T, up Upload) UploadStatus {
	t.Helper()
	now, err := r.GetUpload(t.Context(), r.ada, up.ID)
	if err != nil {
		t.Fatal(err)
	}
	return now.Status
}

func (r *room) begun(t *testing.T) Upload {
	t.Helper()
	up, target := r.begin(t, r.input(nil))
	send(t, target, samples.JFK())
	return up
}

func TestAnUploadThatNobodyCompletesExpiresAndItsBytesGoOnceNoMoreCanCome(t *testing.T) {
	t.Parallel()
	r := open(t)
	fresh, up := r.begun(t), r.begun(t)
	r.expired(t, up, time.Minute)
	r.forgets(t)
	if status := r.uploadStatus(t, up); status != UploadExpired || r.gone(t, up.objectKey) {
		t.Errorf("soon: %s, bytes gone: %t", status, r.gone(t, up.objectKey))
	}
	r.expired(t, up, forgottenAfter+time.Minute)
	r.forgets(t)
	if status := r.uploadStatus(t, up); status != UploadExpired || !r.gone(t, up.objectKey) {
		t.Errorf("later: %s, bytes gone: %t", status, r.gone(t, up.objectKey))
	}
	if status := r.uploadStatus(t, fresh); status != UploadPending || r.gone(t, fresh.objectKey) {
		t.Errorf("one in its time: %s, bytes gone: %t", status, r.gone(t, fresh.objectKey))
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.uploads WHERE cleared_at IS NOT NULL"); n != 1 {
		t.Errorf("%d are cleared", n)
	}
}

func TestBytesThatCameForAnAbortedUploadGoToo(t *testing.T) {
	t.Parallel()
	r := open(t)
	up := r.begun(t)
	if _, err := r.store.AbortUpload(t.Context(), up.ID.UUID, r.scope.OrganizationID); err != nil {
		t.Fatal(err)
	}
	r.expired(t, up, forgottenAfter+time.Minute)
	r.forgets(t)
	if status := r.uploadStatus(t, up); status != UploadAborted || !r.gone(t, up.objectKey) {
		t.Errorf("%s, bytes gone: %t", status, r.gone(t, up.objectKey))
	}
}

func TestARecordingKeepsTheBytesOfItsUpload(t *testing.T) {
	t.Parallel()
	r := open(t)
	up := r.begun(t)
	if _, _, err := r.shelve(t.Context(), up); err != nil {
		t.Fatal(err)
	}
	r.expired(t, up, forgottenAfter+time.Minute)
	r.forgets(t)
	if status := r.uploadStatus(t, up); status != UploadCompleted || r.gone(t, up.objectKey) {
		t.Errorf("%s, bytes gone: %t", status, r.gone(t, up.objectKey))
	}
}

// stubborn does not let one object go.
type stubborn struct {
	blob.Bucket
	keeps string
}

var errStubborn = errors.New("no")

func (s stubborn) Delete(ctx context.Context, key string) error {
	if key == s.keeps {
		return errStubborn
	}
	return s.Bucket.Delete(ctx, key)
}

func TestAnObjectThatCannotBeRemovedIsTriedAgainAndKeepsNoOther(t *testing.T) {
	t.Parallel()
	r := open(t)
	first, second := r.begun(t), r.begun(t)
	r.expired(t, first, forgottenAfter+time.Hour)
	r.expired(t, second, forgottenAfter+time.Minute)
	whole := r.worker.bucket
	r.worker.bucket = stubborn{whole, first.objectKey}
	if err := r.worker.forget(t.Context()); !errors.Is(err, errStubborn) {
		t.Errorf("error = %v", err)
	}
	if r.gone(t, first.objectKey) || !r.gone(t, second.objectKey) {
		t.Errorf("gone: first %t, second %t", r.gone(t, first.objectKey), r.gone(t, second.objectKey))
	}
	r.worker.bucket = whole
	r.forgets(t)
	if !r.gone(t, first.objectKey) {
		t.Error("it is still there")
	}
}

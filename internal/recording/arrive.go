package recording

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/audio"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Shelf is what the rooms above may join: it takes uploads in and turns them into recordings.
type Shelf struct {
	store  *postgres.Store
	bucket blob.Bucket
	now    func() time.Time
}

// NewShelf makes the shelf.
func NewShelf(store *postgres.Store, bucket blob.Bucket, now func() time.Time) *Shelf {
	return &Shelf{store: store, bucket: bucket, now: now}
}

// Inspection is what the bytes in the bucket turned out to be.
type Inspection struct {
	Info   audio.Info
	sha256 []byte
}

// Mine says whether this member began the upload: nobody else can complete it.
func (u Upload) Mine(scope access.Scope) bool { return u.createdBy == scope.UserID }

// Inspect looks at an upload's bytes, outside of any transaction. Errors: InvalidState when the bytes
// have not arrived, Expired, Invalid when they are not what was announced or not audio; after Invalid the
// upload is over and its bytes are gone.
func (s *Shelf) Inspect(ctx context.Context, scope access.Scope, up Upload) (Inspection, error) {
	if s.now().After(up.ExpiresAt) {
		return Inspection{}, fault.Expired("This upload has expired. Begin a new one.")
	}
	object, err := s.bucket.Head(ctx, up.objectKey)
	if errors.Is(err, blob.ErrNotFound) && up.Status != UploadPending {
		return Inspection{}, ended(up.Status)
	}
	if errors.Is(err, blob.ErrNotFound) {
		return Inspection{}, fault.InvalidState("The file has not arrived. Send all of it to the upload's target, then complete the upload.")
	}
	if err != nil {
		return Inspection{}, fault.Unavailable(fmt.Errorf("looking for the object: %w", err))
	}
	seen, err := s.look(ctx, up, object)
	if fault.Is(err, fault.CodeInvalid) {
		s.reject(ctx, scope, up)
	}
	return seen, err
}

func (s *Shelf) look(ctx context.Context, up Upload, object blob.Object) (Inspection, error) {
	if object.Size != up.SizeBytes {
		return Inspection{}, fault.Invalid("uploadId", "%d bytes arrived; %d were announced. Begin a new upload.", object.Size, up.SizeBytes)
	}
	sum := up.sha256 // the bucket has taken no other bytes, and does not tell it again
	if told, err := hex.DecodeString(object.SHA256); err == nil && len(told) > 0 {
		sum = told
	}
	if up.sha256 != nil && !bytes.Equal(sum, up.sha256) {
		return Inspection{}, fault.Invalid("uploadId", "The file that arrived does not have the announced SHA-256. Begin a new upload.")
	}
	info, err := audio.Inspect(blob.ReaderAt(ctx, s.bucket, up.objectKey), object.Size)
	if err != nil {
		return Inspection{}, notAudio(err)
	}
	return Inspection{Info: info, sha256: sum}, nil
}

// notAudio tells bytes that are wrong from a bucket that does not answer.
func notAudio(err error) error {
	if errors.Is(err, audio.ErrNotAudio) || errors.Is(err, audio.ErrUnsupported) || errors.Is(err, audio.ErrTruncated) {
		return fault.Invalid("uploadId", "This file cannot be transcribed: %s.", err)
	}
	return fault.Unavailable(fmt.Errorf("inspecting the object: %w", err))
}

// reject ends an upload whose bytes are wrong. When that fails, completing it again comes here again.
func (s *Shelf) reject(ctx context.Context, scope access.Scope, up Upload) {
	_, err := s.store.AbortUpload(ctx, up.ID.UUID, scope.OrganizationID)
	if postgres.Missing(err) { // it has become a recording meanwhile, which the bytes belong to now
		return
	}
	if err != nil {
		slog.Warn("ending a wrong upload failed", "upload", up.ID.String(), "error", err)
		return
	}
	if err := s.bucket.Delete(ctx, up.objectKey); err != nil {
		slog.Warn("removing a wrong upload's bytes failed", "upload", up.ID.String(), "error", err)
	}
}

// Shelve turns an inspected upload into a recording. Called twice it gives the same recording, and
// fresh says which of the two calls made it. Errors: InvalidState for an upload that ended otherwise.
func (s *Shelf) Shelve(ctx context.Context, tx *postgres.Tx, scope access.Scope, up Upload, seen Inspection) (rec Recording, fresh bool, err error) {
	locked, err := tx.LockUpload(ctx, up.ID.UUID, scope.OrganizationID)
	if err != nil {
		return Recording{}, false, postgres.NotFound(err, "upload")
	}
	if locked.RecordingID != nil {
		rec, err := s.Shelved(ctx, tx, scope, uploadFromRow(locked))
		return rec, false, err
	}
	if locked.Status != string(UploadPending) {
		return Recording{}, false, ended(UploadStatus(locked.Status))
	}
	duration, channels := int32(min(seen.Info.Duration.Milliseconds(), 1<<31-1)), int32(seen.Info.Channels)
	row, err := tx.InsertRecording(ctx, db.InsertRecordingParams{
		ID: ids.New(ids.Recording).UUID, OrganizationID: scope.OrganizationID, Source: string(Uploaded), Filename: &locked.Filename,
		ObjectKey: locked.ObjectKey, ContentType: &seen.Info.ContentType, SizeBytes: &locked.SizeBytes,
		DurationMs: positive(duration), Channels: positive(channels), Sha256: seen.sha256, CreatedBy: &scope.UserID,
	})
	if err != nil {
		return Recording{}, false, fmt.Errorf("inserting the recording: %w", err)
	}
	if _, err := tx.CompleteUpload(ctx, db.CompleteUploadParams{ID: locked.ID, OrganizationID: scope.OrganizationID, RecordingID: &row.ID}); err != nil {
		return Recording{}, false, fmt.Errorf("completing the upload: %w", err)
	}
	return fromRow(row), true, nil
}

// Shelved finds the recording of an upload that is completed. Errors: NotFound when it was deleted since.
func (s *Shelf) Shelved(ctx context.Context, tx *postgres.Tx, scope access.Scope, up Upload) (Recording, error) {
	return s.Find(ctx, tx, scope, *up.RecordingID)
}

// Find gives a recording of this organization to a room above. Error: NotFound.
func (s *Shelf) Find(ctx context.Context, tx *postgres.Tx, scope access.Scope, id ids.ID) (Recording, error) {
	if !id.Is(ids.Recording) {
		return Recording{}, fault.NotFound("recording")
	}
	row, err := tx.GetRecording(ctx, id.UUID, []uuid.UUID{scope.OrganizationID})
	if err != nil {
		return Recording{}, postgres.NotFound(err, "recording")
	}
	return fromRow(row), nil
}

// Announce records that a recording is available. It takes the organization's lock: call it last.
func (s *Shelf) Announce(ctx context.Context, tx *postgres.Tx, scope access.Scope, rec Recording) error {
	return activity.Record(ctx, tx, activity.Event{
		OrganizationID: scope.OrganizationID, Type: activity.RecordingAvailable, Subject: rec.ID,
		Status: string(Stored), Actor: activity.Person(scope.UserID),
	})
}

// Link makes an address of a recording's audio for a provider to fetch.
func (s *Shelf) Link(ctx context.Context, objectKey string, life time.Duration) (string, error) {
	link, err := s.bucket.PresignGet(ctx, blob.GetLink{Key: objectKey, Expires: life})
	if err != nil {
		return "", fmt.Errorf("signing the audio's address: %w", err)
	}
	return link.URL, nil
}

// Open reads a recording's audio, for a provider that cannot fetch it.
func (s *Shelf) Open(ctx context.Context, objectKey string) (io.ReadCloser, error) {
	body, err := s.bucket.Open(ctx, objectKey, 0, blob.ToEnd)
	if err != nil {
		return nil, fmt.Errorf("opening the audio: %w", err)
	}
	return body, nil
}

func ended(status UploadStatus) error {
	return fault.InvalidState("This upload is %s. Begin a new one.", status)
}

func positive(n int32) *int32 {
	if n <= 0 {
		return nil
	}
	return &n
}

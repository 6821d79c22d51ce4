package recording

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"

	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/audio"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func (c *Copies) copy(ctx context.Context, job jobs.Job[copyArgs]) error {
	return c.bring(ctx, job.Args, job.Last)
}

func (c *Copies) copyOfCall(ctx context.Context, job jobs.Job[callCopyArgs]) error {
	return c.bring(ctx, copyArgs(job.Args), job.Last)
}

// bring copies the audio of one recording. The key is the recording's own, so that a run that was cut off
// is made good by the next one, which replaces what it left.
func (c *Copies) bring(ctx context.Context, args copyArgs, last bool) error {
	row, err := c.store.GetRecordingToCopy(ctx, args.RecordingID, args.OrganizationID)
	if postgres.Missing(err) {
		return c.discard(ctx, args)
	}
	if err != nil {
		return fmt.Errorf("reading the recording: %w", err)
	}
	if !waits(row, args) {
		return nil
	}
	object, seen, err := c.fetch(ctx, row)
	if err == nil {
		return c.keep(ctx, args, object, seen)
	}
	if ctx.Err() != nil { // we are being stopped: says nothing of the other server
		return err
	}
	why := unavailable(err, c.maxSize)
	if why.passes && !last {
		return err
	}
	slog.InfoContext(ctx, "a recording could not be copied", "recording", ids.Of(ids.Recording, row.ID).String(), "error", err)
	return c.fail(ctx, args, why)
}

func (c *Copies) fetch(ctx context.Context, row *db.Recording) (blob.Object, Inspection, error) {
	body, size, err := c.open(ctx, row)
	if err != nil {
		return blob.Object{}, Inspection{}, err
	}
	defer body.Close()
	object, err := c.bucket.Put(ctx, row.ObjectKey, "application/octet-stream", size, body) // what it is, only all of the bytes tell
	if theirs := body.Err(); theirs != nil {
		return blob.Object{}, Inspection{}, theirs
	}
	if err != nil {
		return blob.Object{}, Inspection{}, err
	}
	info, err := audio.Inspect(blob.ReaderAt(ctx, c.bucket, row.ObjectKey), object.Size)
	if err != nil {
		return blob.Object{}, Inspection{}, fmt.Errorf("inspecting the copy: %w", err)
	}
	sum, err := hex.DecodeString(object.SHA256)
	if err != nil {
		return blob.Object{}, Inspection{}, fmt.Errorf("reading the copy's hash: %w", err)
	}
	return object, Inspection{Info: info, sha256: sum}, nil
}

// keep makes the recording STORED. One that was deleted meanwhile leaves no bytes behind.
func (c *Copies) keep(ctx context.Context, args copyArgs, object blob.Object, seen Inspection) error {
	return c.settle(ctx, args, func(tx *postgres.Tx, row *db.Recording) error {
		duration, channels := int32(min(seen.Info.Duration.Milliseconds(), 1<<31-1)), int32(seen.Info.Channels)
		_, err := tx.StoreRecording(ctx, db.StoreRecordingParams{
			ID: row.ID, ContentType: &seen.Info.ContentType, SizeBytes: &object.Size,
			DurationMs: positive(duration), Channels: positive(channels), Sha256: seen.sha256,
		})
		if err != nil {
			return fmt.Errorf("storing the recording: %w", err)
		}
		if err := c.follow(ctx, tx, row); err != nil {
			return err
		}
		return activity.Record(ctx, tx, activity.Event{
			OrganizationID: row.OrganizationID, Type: activity.RecordingAvailable, Subject: ids.Of(ids.Recording, row.ID),
			Status: string(Stored), Actor: activity.Switchboard(),
		})
	})
}

// follow tells the rooms above that the audio is here.
func (c *Copies) follow(ctx context.Context, tx *postgres.Tx, row *db.Recording) error {
	if row.CallID != nil {
		if err := c.jobs.Enqueue(ctx, tx, StoredArgs{OrganizationID: row.OrganizationID, RecordingID: row.ID, CallID: *row.CallID}); err != nil {
			return err
		}
	}
	return c.jobs.Enqueue(ctx, tx, SettledArgs{RecordingID: row.ID})
}

// fail makes the recording FAILED. Bytes that are no audio stay until the next copy replaces them or the
// recording is deleted: to remove them here could take those of a copy that was begun meanwhile.
func (c *Copies) fail(ctx context.Context, args copyArgs, why failure) error {
	return c.settle(ctx, args, func(tx *postgres.Tx, row *db.Recording) error {
		if err := tx.FailRecording(ctx, db.FailRecordingParams{ID: row.ID, Message: &why.message, Retryable: &why.retryable}); err != nil {
			return fmt.Errorf("failing the recording: %w", err)
		}
		return c.jobs.Enqueue(ctx, tx, SettledArgs{RecordingID: row.ID})
	})
}

// settle ends the wait for a copy in one transaction, unless it ended otherwise.
func (c *Copies) settle(ctx context.Context, args copyArgs, end func(*postgres.Tx, *db.Recording) error) error {
	gone := false
	err := c.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.LockRecording(ctx, args.RecordingID, args.OrganizationID)
		if gone = postgres.Missing(err); gone {
			return nil
		}
		if err != nil {
			return fmt.Errorf("locking the recording: %w", err)
		}
		if !waits(row, args) {
			return nil
		}
		return end(tx, row)
	})
	if err == nil && gone {
		return c.discard(ctx, args)
	}
	return err
}

// waits says whether this job is the one that the recording waits for.
func waits(row *db.Recording, args copyArgs) bool {
	return Status(row.Status) == Pending && row.CopyAttempt == args.Attempt && row.DeletedAt == nil && reachable(row)
}

func (c *Copies) discard(ctx context.Context, args copyArgs) error {
	if err := c.bucket.Delete(ctx, copyKey(args.OrganizationID, args.RecordingID)); err != nil {
		return fmt.Errorf("removing the copy: %w", err)
	}
	return nil
}

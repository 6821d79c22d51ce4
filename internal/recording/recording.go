// Package recording keeps audio: uploads on their way in, recordings once their bytes are in the bucket
// and known to be audio. It owns the tables uploads and recordings and the objects that they point to.
package recording

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Source says how a recording came to us.
type Source string

const (
	SignalWire Source = "SIGNALWIRE"
	WebRTC     Source = "WEBRTC"
	Uploaded   Source = "UPLOAD"
	External   Source = "EXTERNAL"
)

// Status says whether the audio is here.
type Status string

const (
	Pending Status = "PENDING"
	Stored  Status = "STORED"
	Failed  Status = "FAILED"
)

// Recording is audio of a conversation.
type Recording struct {
	ID             ids.ID
	OrganizationID ids.ID
	CallID         *ids.ID // for a call's only
	Source         Source
	Status         Status
	Filename       *string
	ContentType    *string // what the bytes are, not what somebody said
	SizeBytes      *int64
	DurationMs     *int
	Channels       *int
	SHA256         *string // hex
	CreatedAt      time.Time
	Failure        *Failure   // of a FAILED one
	Held           bool       // under legal hold: nobody can delete it
	HeldBy         *uuid.UUID // nil also when that account is gone
	hold           *Hold
	objectKey      string
	sourceSum      []byte // of the address that it was copied from
}

// Failure is why there is no audio.
type Failure struct {
	Message   string
	Retryable bool // whether another try may bring it
}

// Service is the door for people.
type Service struct {
	store   *postgres.Store
	jobs    *jobs.Queue
	bucket  blob.Bucket
	maxSize int64
}

// Deps is what the room needs.
type Deps struct {
	Store   *postgres.Store
	Jobs    *jobs.Queue
	Bucket  blob.Bucket
	MaxSize int64 // of one upload, in bytes
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{store: d.Store, jobs: d.Jobs, bucket: d.Bucket, maxSize: d.MaxSize}
}

// Get finds a recording in the viewer's organizations. Error: NotFound.
func (s *Service) Get(ctx context.Context, viewer access.Viewer, id ids.ID) (*Recording, error) {
	if !id.Is(ids.Recording) {
		return nil, fault.NotFound("recording")
	}
	row, err := s.store.GetRecording(ctx, id.UUID, viewer.Organizations())
	if err != nil {
		return nil, postgres.NotFound(err, "recording")
	}
	found := fromRow(row)
	return &found, viewer.Enter(row.OrganizationID)
}

// ByID finds several at once; one that the viewer may not see is not in the answer.
func (s *Service) ByID(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) (map[uuid.UUID]*Recording, error) {
	rows, err := s.store.ListRecordingsByID(ctx, wanted, viewer.Organizations())
	if err != nil {
		return nil, fmt.Errorf("reading recordings: %w", err)
	}
	found := make(map[uuid.UUID]*Recording, len(rows))
	for _, r := range rows {
		if err := viewer.Enter(r.OrganizationID); err != nil {
			return nil, err
		}
		rec := fromRow(r)
		found[r.ID] = &rec
	}
	return found, nil
}

// OfCalls finds the recordings of several calls at once, the first leg's first; calls that the viewer may
// not see have none.
func (s *Service) OfCalls(ctx context.Context, viewer access.Viewer, calls []uuid.UUID) (map[uuid.UUID][]Recording, error) {
	rows, err := s.store.ListRecordingsOfCalls(ctx, calls, viewer.Organizations())
	if err != nil {
		return nil, fmt.Errorf("reading the recordings of calls: %w", err)
	}
	found := make(map[uuid.UUID][]Recording, len(calls))
	for _, r := range rows {
		found[*r.CallID] = append(found[*r.CallID], fromRow(r))
	}
	return found, nil
}

func fromRow(r *db.Recording) Recording {
	rec := Recording{
		ID: ids.Of(ids.Recording, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID),
		Source: Source(r.Source), Status: Status(r.Status), Filename: r.Filename, ContentType: r.ContentType,
		SizeBytes: r.SizeBytes, DurationMs: postgres.Int(r.DurationMs), Channels: postgres.Int(r.Channels),
		CreatedAt: r.CreatedAt, objectKey: r.ObjectKey, sourceSum: r.SourceUrlSha256,
	}
	if r.FailureMessage != nil && r.FailureRetryable != nil {
		rec.Failure = &Failure{Message: *r.FailureMessage, Retryable: *r.FailureRetryable}
	}
	if r.HeldAt != nil && r.HoldReason != nil {
		rec.Held, rec.HeldBy, rec.hold = true, r.HeldBy, &Hold{Since: *r.HeldAt, Reason: *r.HoldReason, By: holder(r.HeldBy)}
	}
	if r.CallID != nil {
		call := ids.Of(ids.Call, *r.CallID)
		rec.CallID = &call
	}
	if r.Sha256 != nil {
		sum := hex.EncodeToString(r.Sha256)
		rec.SHA256 = &sum
	}
	return rec
}

// Package transcription turns recordings into transcripts: it owns the state graph, hands audio to the
// provider exactly once, takes results in whatever way they come, and shows people how far it is. A
// webhook, a job and a sweep are all knocks: each makes us ask the provider and move forward only.
package transcription

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// Transcription is one try, or several, to write down a recording.
type Transcription struct {
	ID             ids.ID
	OrganizationID ids.ID
	RecordingID    ids.ID
	Status         Status
	Attempt        int // counts from 1
	Version        int // 0 until there is a transcript
	QueuedAt       time.Time
	StartedAt      *time.Time
	FinishedAt     *time.Time
	Failure        *Failure
	LanguageCode   *string
	Confidence     *float64 // 0 to 1
	Text           *string
	SpeechModel    *string
	RequestedBy    *uuid.UUID
}

// Failure says why there is no transcript.
type Failure struct {
	Code      string // for machines: PROVIDER_ERROR, PROVIDER_REFUSED, PROVIDER_LOST, TIMED_OUT, AUDIO_UNAVAILABLE
	Message   string // the provider's sentence, or ours
	Retryable bool   // whether the same audio may succeed another time
}

// ProducedBy is the actor that a transcription is the work of.
func (t Transcription) ProducedBy() activity.Actor {
	model := "AssemblyAI"
	if t.SpeechModel != nil {
		model = *t.SpeechModel
	}
	return activity.Actor{Kind: activity.Model, Label: model}
}

// Service is the door for people.
type Service struct {
	store    *postgres.Store
	jobs     *jobs.Queue
	shelf    *recording.Shelf
	copies   *recording.Copies
	uploads  *recording.Service
	people   *identity.Service
	activity *activity.Service
	limits   *billing.Limits
	defaults []string // the analysis of organizations that chose none
	maxLive  int32    // of one organization; 0: any number
	links    links
}

// Deps is what the service needs.
type Deps struct {
	Store    *postgres.Store
	Jobs     *jobs.Queue
	Shelf    *recording.Shelf
	Copies   *recording.Copies
	Uploads  *recording.Service
	People   *identity.Service
	Activity *activity.Service
	Limits   *billing.Limits
	Analysis []identity.Analysis // for organizations that chose none
	MaxLive  int32               // transcriptions under way in one organization; 0: any number
	BaseURL  string              // where this service is reached, for download links
	LinkKey  []byte              // signs download links
	OldKeys  [][]byte            // still open links that they signed: a new LinkKey ends none
	Now      func() time.Time
}

// New makes the service.
func New(d Deps) *Service {
	words := identity.Words(d.Analysis)
	if words == nil {
		words = []string{}
	}
	return &Service{
		store: d.Store, jobs: d.Jobs, shelf: d.Shelf, copies: d.Copies, uploads: d.Uploads, people: d.People, activity: d.Activity, limits: d.Limits,
		defaults: words, maxLive: d.MaxLive, links: links{base: d.BaseURL, keys: append([][]byte{d.LinkKey}, d.OldKeys...), now: d.Now},
	}
}

// Get finds a transcription in the viewer's organizations. Error: NotFound.
func (s *Service) Get(ctx context.Context, viewer access.Viewer, id ids.ID) (*Transcription, error) {
	if !id.Is(ids.Transcription) {
		return nil, fault.NotFound("transcription")
	}
	row, err := s.store.GetTranscription(ctx, id.UUID, viewer.Organizations())
	if err != nil {
		return nil, postgres.NotFound(err, "transcription")
	}
	found := fromRow(row)
	return &found, viewer.Enter(row.OrganizationID)
}

// scoped finds a transcription that the viewer may act on with this role.
func (s *Service) scoped(ctx context.Context, viewer access.Viewer, id ids.ID, least access.Role) (*Transcription, access.Scope, error) {
	if !viewer.SignedIn() {
		return nil, access.Scope{}, fault.Unauthenticated()
	}
	found, err := s.Get(ctx, viewer, id)
	if err != nil {
		return nil, access.Scope{}, err
	}
	scope, err := viewer.Scope(found.OrganizationID, least)
	return found, scope, err
}

// move takes a locked transcription along one arrow of the graph and records it. write is the update;
// it runs only when the arrow exists. It takes the organization's lock: call it last.
func move(ctx context.Context, tx *postgres.Tx, row *db.Transcription, to Status, by activity.Actor, write func() (*db.Transcription, error)) (*db.Transcription, error) {
	from := Status(row.Status)
	if !from.CanBecome(to) {
		return row, fault.InvalidState("A transcription that is %s cannot become %s.", from, to)
	}
	moved, err := write()
	if err != nil {
		return row, fmt.Errorf("moving from %s to %s: %w", from, to, err)
	}
	return moved, record(ctx, tx, moved, from, by)
}

func record(ctx context.Context, tx *postgres.Tx, row *db.Transcription, from Status, by activity.Actor) error {
	return activity.Record(ctx, tx, activity.Event{
		OrganizationID: row.OrganizationID, Type: activity.TranscriptionStatusChanged, Subject: ids.Of(ids.Transcription, row.ID),
		Status: row.Status, PreviousStatus: string(from), Actor: by,
	})
}

func fromRow(r *db.Transcription) Transcription {
	t := Transcription{
		ID: ids.Of(ids.Transcription, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID), RecordingID: ids.Of(ids.Recording, r.RecordingID),
		Status: Status(r.Status), Attempt: int(r.Attempt), Version: int(r.Version), QueuedAt: r.QueuedAt, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt,
		LanguageCode: r.LanguageCode, Confidence: r.Confidence, Text: r.Text, SpeechModel: r.SpeechModel, RequestedBy: r.RequestedBy,
	}
	if r.FailureCode != nil {
		t.Failure = &Failure{Code: *r.FailureCode, Message: *r.FailureMessage, Retryable: *r.FailureRetryable}
	}
	return t
}

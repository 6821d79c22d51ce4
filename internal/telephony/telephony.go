// Package telephony is calls: it owns an organization's numbers and settings, has the provider dial each call
// once and never twice, and follows calls to their end. A webhook, a job and a sweep are all knocks: each
// makes us read the call at the provider and move forward only. What was recorded it hands to the room of
// recordings.
package telephony

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Call is one conversation by telephone, or the attempt at one.
type Call struct {
	ID             ids.ID
	OrganizationID ids.ID
	Direction      Direction
	Status         Status
	ProviderStatus *string // the provider's own word, for support
	FromNumber     string
	ToNumber       string
	Recorded       bool // as the settings were when it began
	CreatedAt      time.Time
	StartedAt      *time.Time // of the provider, as are the two below
	EndedAt        *time.Time
	DurationMs     *int
	Failure        *Failure
	CreatedBy      *uuid.UUID // nil for what came in

	Disposition      *Disposition // how it went, in a person's eyes; nil until somebody said
	DispositionNote  *string
	DispositionSetAt *time.Time
	DispositionSetBy *uuid.UUID // nil also when they left
}

// Failure says why there was no conversation, where the provider's own status does not.
type Failure struct {
	Code    string // for machines: NOT_CONFIRMED, NOT_PLACED, PROVIDER_REFUSED, PROVIDER_FAILED, PROVIDER_LOST, TIMED_OUT
	Message string
}

// Leg is one of the provider's calls that a call is made of.
type Leg struct {
	ProviderID string
	First      bool // the one that the call is about; the others were connected with it
	Status     Status
	FromNumber string
	ToNumber   string
	StartedAt  *time.Time
	EndedAt    *time.Time
	DurationMs *int
}

// Service is the door for people.
type Service struct {
	store    *postgres.Store
	jobs     *jobs.Queue
	activity *activity.Service
	limits   *billing.Limits
	enabled  bool
	fallback string
	now      func() time.Time
}

// Deps is what the service needs.
type Deps struct {
	Store    *postgres.Store
	Jobs     *jobs.Queue
	Activity *activity.Service
	Limits   *billing.Limits
	Enabled  bool   // a provider is configured
	Number   string // that organizations without one of their own call from; empty: they cannot
	Now      func() time.Time
}

// New makes the service.
func New(d Deps) *Service {
	return &Service{store: d.Store, jobs: d.Jobs, activity: d.Activity, limits: d.Limits, enabled: d.Enabled, fallback: d.Number, now: d.Now}
}

// Get finds a call in the viewer's organizations. Error: NotFound.
func (s *Service) Get(ctx context.Context, viewer access.Viewer, id ids.ID) (*Call, error) {
	if !id.Is(ids.Call) {
		return nil, fault.NotFound("call")
	}
	row, err := s.store.GetCall(ctx, id.UUID, viewer.Organizations())
	if err != nil {
		return nil, postgres.NotFound(err, "call")
	}
	found := fromRow(row)
	return &found, viewer.Enter(row.OrganizationID)
}

// scoped finds a call that the viewer may act on with this role.
func (s *Service) scoped(ctx context.Context, viewer access.Viewer, id ids.ID, least access.Role) (*Call, access.Scope, error) {
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

func fromRow(r *db.Call) Call {
	c := Call{
		ID: ids.Of(ids.Call, r.ID), OrganizationID: ids.Of(ids.Organization, r.OrganizationID), Direction: Direction(r.Direction), Status: Status(r.Status),
		ProviderStatus: r.ProviderStatus, FromNumber: r.FromNumber, ToNumber: r.ToNumber, Recorded: r.Record, CreatedAt: r.CreatedAt,
		StartedAt: r.StartedAt, EndedAt: r.EndedAt, DurationMs: postgres.Int(r.DurationMs),
		CreatedBy:   r.CreatedBy,
		Disposition: (*Disposition)(r.Disposition), DispositionNote: r.DispositionNote, DispositionSetAt: r.DispositionAt, DispositionSetBy: r.DispositionBy,
	}
	if r.FailureCode != nil && r.FailureMessage != nil {
		c.Failure = &Failure{Code: *r.FailureCode, Message: *r.FailureMessage}
	}
	return c
}

func legFromRow(r *db.CallLeg) Leg {
	return Leg{
		ProviderID: r.ProviderID, First: r.ParentProviderID == nil, Status: Status(r.Status), FromNumber: r.FromNumber, ToNumber: r.ToNumber,
		StartedAt: r.StartedAt, EndedAt: r.EndedAt, DurationMs: postgres.Int(r.DurationMs),
	}
}

package activity

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Service is the door for people.
type Service struct {
	store   *postgres.Store
	hub     *live.Hub
	allowed func(ctx context.Context, viewer access.Viewer, organization uuid.UUID) error
}

// New makes the service. allowed says whether a viewer may still look into an organization; the room that
// knows lies above this one.
func New(store *postgres.Store, hub *live.Hub, allowed func(context.Context, access.Viewer, uuid.UUID) error) *Service {
	return &Service{store: store, hub: hub, allowed: allowed}
}

// List pages back through an organization's activity, newest first. Errors: NotFound for an organization
// that the viewer does not belong to, Invalid for a bad page.
func (s *Service) List(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args, types []Type) (page.Connection[Event], error) {
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return page.Connection[Event]{}, err
	}
	list, size, err := s.before(ctx, scope, Members, args, types)
	return page.Cut(list, size, args.After != nil, Event.Cursor), err
}

// Head is the cursor of where an organization's stream stands, whether or not anything has happened on it. Error:
// NotFound.
func (s *Service) Head(ctx context.Context, viewer access.Viewer, organization ids.ID) (string, error) {
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return "", err
	}
	head, err := s.store.GetActivityHead(ctx, scope.OrganizationID)
	if err != nil {
		return "", fmt.Errorf("reading the head: %w", err)
	}
	return page.Encode(cursor{head.LastNumber}), nil
}

// before reads one row more than asked.
func (s *Service) before(ctx context.Context, scope access.Scope, audience Audience, args page.Args, types []Type) ([]Event, int32, error) {
	size, err := args.Size(page.Max)
	if err != nil {
		return nil, 0, err
	}
	before, err := number(args.After)
	if err != nil {
		return nil, 0, err
	}
	if args.After == nil {
		before = math.MaxInt64
	}
	rows, err := s.store.ListActivityBefore(ctx, db.ListActivityBeforeParams{
		OrganizationID: scope.OrganizationID, Before: before, Audience: string(audience), Types: postgres.Words(types), PageSize: size + 1,
	})
	if err != nil {
		return nil, 0, fmt.Errorf("listing activity: %w", err)
	}
	return events(rows), size, nil
}

// perSubject is many times what happens to one call, recording or transcription.
const perSubject = 100

// Of is what happened to some things, in order and with one statement; those that the viewer may not see have
// nothing. Of each it gives the newest hundred.
func (s *Service) Of(ctx context.Context, viewer access.Viewer, subjects []uuid.UUID) ([]Event, error) {
	rows, err := s.store.ListActivityOfSubjects(ctx, db.ListActivityOfSubjectsParams{SubjectIds: subjects, OrganizationIds: viewer.Organizations(), Most: perSubject})
	if err != nil {
		return nil, fmt.Errorf("reading what happened: %w", err)
	}
	return events(rows), nil
}

// Get finds an event in the viewer's organizations. Error: NotFound.
func (s *Service) Get(ctx context.Context, viewer access.Viewer, id ids.ID) (*Event, error) {
	if !id.Is(ids.Activity) {
		return nil, fault.NotFound("activity")
	}
	row, err := s.store.GetActivityEvent(ctx, id.UUID, viewer.Organizations())
	if postgres.Missing(err) {
		return nil, fault.NotFound("activity")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the activity: %w", err)
	}
	found := fromRow(row)
	return &found, viewer.Enter(row.OrganizationID)
}

// after reads what follows a number, of one subject or of the whole organization.
func (s *Service) after(ctx context.Context, w *Watching, after int64) ([]Event, error) {
	if w.Subject != uuid.Nil {
		rows, err := s.store.ListSubjectActivityAfter(ctx, db.ListSubjectActivityAfterParams{
			OrganizationID: w.OrganizationID, SubjectID: w.Subject, After: after, Types: postgres.Words(w.Types), PageSize: batch,
		})
		return events(rows), err
	}
	rows, err := s.store.ListActivityAfter(ctx, db.ListActivityAfterParams{
		OrganizationID: w.OrganizationID, After: after, Types: postgres.Words(w.Types), PageSize: batch,
	})
	return events(rows), err
}

func events(rows []*db.ActivityEvent) []Event {
	list := make([]Event, len(rows))
	for i, r := range rows {
		list[i] = fromRow(r)
	}
	return list
}

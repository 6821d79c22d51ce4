package inbox

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Service is the door for people: admins see the events of their organization, and what of them may be shown.
type Service struct {
	store *postgres.Store
	jobs  *jobs.Queue
}

// NewService makes the service.
func NewService(store *postgres.Store, queue *jobs.Queue) *Service {
	return &Service{store: store, jobs: queue}
}

// maxSearch is more than any id that a provider gives.
const maxSearch = 200

// Wanted narrows a page; what is empty does not.
type Wanted struct {
	Sources        []SourceName
	Statuses       []Status
	ReceivedAfter  *time.Time
	ReceivedBefore *time.Time
	Search         *string // a part of the type or of the provider's id, in any case; not of the error, of which not all is shown
}

// Page lists an organization's events, newest first. Errors: NotFound, Forbidden below Admin, Invalid.
func (s *Service) Page(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args, wanted *Wanted) (page.Connection[Kept], error) {
	var none page.Connection[Kept]
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return none, err
	}
	size, before, err := args.Keyset(uuid.Max)
	if err != nil {
		return none, err
	}
	if wanted == nil {
		wanted = &Wanted{}
	}
	search, err := wanted.search()
	if err != nil {
		return none, err
	}
	rows, err := s.store.PageWebhookEvents(ctx, db.PageWebhookEventsParams{
		OrganizationID: &scope.OrganizationID, Before: before, Sources: postgres.Words(wanted.Sources), Statuses: postgres.Words(wanted.Statuses),
		ReceivedAfter: wanted.ReceivedAfter, ReceivedBefore: wanted.ReceivedBefore, Search: search, PageSize: size + 1,
	})
	if err != nil {
		return none, fmt.Errorf("listing events: %w", err)
	}
	list := make([]Kept, len(rows))
	for i, r := range rows {
		list[i] = shown((*db.ListWebhookEventsByIDRow)(r))
	}
	return page.Cut(list, size, args.After != nil, func(k Kept) string { return page.Encode(k.ID.UUID) }), nil
}

func (w Wanted) search() (*string, error) {
	if w.Search == nil {
		return nil, nil
	}
	word := strings.TrimSpace(*w.Search)
	if n := utf8.RuneCountInString(word); n > maxSearch || storable(word) != word {
		return nil, fault.Invalid("filter", "Search for at most %d characters.", maxSearch)
	}
	return given(word), nil
}

// ByID finds several at once, in the organizations in which the viewer is an admin.
func (s *Service) ByID(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) (map[uuid.UUID]*Kept, error) {
	rows, err := s.store.ListWebhookEventsByID(ctx, wanted, viewer.OrganizationsAs(access.Admin))
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	found := make(map[uuid.UUID]*Kept, len(rows))
	for _, r := range rows {
		if err := viewer.Enter(*r.OrganizationID); err != nil {
			return nil, err
		}
		k := shown(r)
		found[r.ID] = &k
	}
	return found, nil
}

// inOrder reads events as they were asked for.
func (s *Service) inOrder(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) ([]Kept, error) {
	found, err := s.ByID(ctx, viewer, wanted)
	if err != nil {
		return nil, err
	}
	list := make([]Kept, 0, len(wanted))
	for _, id := range wanted {
		if k := found[id]; k != nil {
			list = append(list, *k)
		}
	}
	return list, nil
}

// Contents reads what was sent, redacted. Of one that is too large to be shown there is nothing in the answer.
func (s *Service) Contents(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) (map[uuid.UUID]*Content, error) {
	rows, err := s.store.ListWebhookContents(ctx, db.ListWebhookContentsParams{Ids: wanted, OrganizationIds: viewer.OrganizationsAs(access.Admin), Largest: maxShown})
	if err != nil {
		return nil, fmt.Errorf("reading what was sent: %w", err)
	}
	found := make(map[uuid.UUID]*Content, len(rows))
	for _, r := range rows {
		if found[r.ID], err = redacted(r.Query, r.Headers, r.Body); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// shown is an event without what a provider's answer may have put into the error.
func shown(r *db.ListWebhookEventsByIDRow) Kept {
	k := Kept{
		ID: ids.Of(ids.Webhook, r.ID), Source: SourceName(r.Source), Type: r.Type, ExternalID: r.ExternalID, OrganizationID: organization(r.OrganizationID),
		Status: Status(r.Status), Attempts: int(r.Attempts), Error: r.Error, Note: r.Note, ResolvedBy: resolver(r.ResolvedBy), Size: int(r.Size),
		ReceivedAt: r.ReceivedAt, QueuedAt: r.QueuedAt, ProcessedAt: r.ProcessedAt,
	}
	if r.SubjectKind != nil && r.SubjectID != nil {
		about := ids.Of(ids.Kind(*r.SubjectKind), *r.SubjectID)
		k.Subject = &about
	}
	if k.Error != nil {
		said := veil(*k.Error)
		k.Error = &said
	}
	return k
}

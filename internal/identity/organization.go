package identity

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Organization finds one of the viewer's by its slug. Errors: Unauthenticated, NotFound.
func (s *Service) Organization(ctx context.Context, viewer access.Viewer, slug string) (*Organization, error) {
	if !viewer.SignedIn() {
		return nil, fault.Unauthenticated()
	}
	row, err := s.store.GetOrganizationBySlug(ctx, slug, viewer.Organizations())
	if err != nil {
		return nil, postgres.NotFound(err, "organization")
	}
	found := organization(row)
	return &found, viewer.Enter(row.ID)
}

// Organizations finds those of the viewer's among these; one it may not see is not in the answer.
func (s *Service) Organizations(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) (map[uuid.UUID]*Organization, error) {
	mine := map[uuid.UUID]bool{}
	for _, id := range viewer.Organizations() {
		mine[id] = true
	}
	var seen []uuid.UUID
	for _, id := range wanted {
		if mine[id] {
			seen = append(seen, id)
		}
	}
	rows, err := s.store.ListOrganizations(ctx, seen)
	if err != nil {
		return nil, fmt.Errorf("reading organizations: %w", err)
	}
	found := make(map[uuid.UUID]*Organization, len(rows))
	for _, r := range rows {
		o := organization(r)
		found[r.ID] = &o
	}
	return found, nil
}

// Users reads people. The ids come from rows that the viewer may see: whoever shares an organization
// with somebody, or sees what they did there, may know their name.
func (s *Service) Users(ctx context.Context, wanted []uuid.UUID) (map[uuid.UUID]*User, error) {
	rows, err := s.store.ListUsers(ctx, wanted)
	if err != nil {
		return nil, fmt.Errorf("reading users: %w", err)
	}
	found := make(map[uuid.UUID]*User, len(rows))
	for _, r := range rows {
		u := user(r)
		found[r.ID] = &u
	}
	return found, nil
}

// User finds somebody who shares an organization with the viewer. Error: NotFound.
func (s *Service) User(ctx context.Context, viewer access.Viewer, id ids.ID) (*User, error) {
	if !id.Is(ids.User) {
		return nil, fault.NotFound("user")
	}
	row, err := s.store.GetVisibleUser(ctx, id.UUID, viewer.Organizations())
	if err != nil {
		return nil, postgres.NotFound(err, "user")
	}
	found := user(row)
	return &found, nil
}

// Memberships are the viewer's own, oldest first.
func Memberships(viewer access.Viewer) []Membership {
	list := make([]Membership, len(viewer.Memberships))
	for i, m := range viewer.Memberships {
		list[i] = Membership{
			ID: ids.Of(ids.Membership, m.ID), OrganizationID: ids.Of(ids.Organization, m.OrganizationID),
			UserID: ids.Of(ids.User, viewer.UserID), Role: m.Role, CreatedAt: m.CreatedAt,
		}
	}
	return list
}

// Members lists who belongs to an organization. Errors: NotFound, Invalid.
func (s *Service) Members(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args) (page.Connection[Membership], error) {
	var none page.Connection[Membership]
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return none, err
	}
	size, after, err := args.Keyset(uuid.Nil)
	if err != nil {
		return none, err
	}
	rows, err := s.store.ListMemberships(ctx, db.ListMembershipsParams{OrganizationID: scope.OrganizationID, After: after, PageSize: size + 1})
	if err != nil {
		return none, fmt.Errorf("listing members: %w", err)
	}
	return page.Rows(rows, size, args.After != nil, membership, func(m Membership) string { return page.Encode(m.ID.UUID) }), nil
}

// Membership finds one by its id, in the viewer's organizations. Error: NotFound.
func (s *Service) Membership(ctx context.Context, viewer access.Viewer, id ids.ID) (*Membership, error) {
	if !id.Is(ids.Membership) {
		return nil, fault.NotFound("membership")
	}
	row, err := s.store.GetMembership(ctx, id.UUID, viewer.Organizations())
	if err != nil {
		return nil, postgres.NotFound(err, "membership")
	}
	found := membership(row)
	return &found, viewer.Enter(row.OrganizationID)
}

// Change is what an update may change; what is nil stays.
type Change struct {
	OrganizationID    ids.ID
	Name              *string
	TranscribeUploads *bool
	Language          *Optional[string]
	Analysis          *Optional[[]Analysis]
	RecordingDays     *Optional[int] // how long recordings are kept
}

// Optional is a value that may be cleared: a nil Value clears it.
type Optional[T any] struct{ Value *T }

// maxName fits a page's heading.
const maxName = 200

// Update changes an organization's name and settings. Errors: NotFound, Forbidden below Admin, Invalid.
func (s *Service) Update(ctx context.Context, viewer access.Viewer, c Change) (*Organization, error) {
	scope, err := viewer.Scope(c.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	params, err := c.params(scope)
	if err != nil {
		return nil, err
	}
	var changed Organization
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.UpdateOrganization(ctx, params)
		if err != nil {
			return fmt.Errorf("updating the organization: %w", err)
		}
		changed = organization(row)
		err = activity.Record(ctx, tx, activity.Event{
			OrganizationID: scope.OrganizationID, Type: activity.OrganizationUpdated, Subject: changed.ID, Actor: activity.Person(scope.UserID),
		})
		if err != nil {
			return err
		}
		return audit(ctx, tx, scope.OrganizationID, scope.UserID, activity.OrganizationUpdated, changed.ID, detail{"fields": c.fields()})
	})
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

func (c Change) params(scope access.Scope) (db.UpdateOrganizationParams, error) {
	p := db.UpdateOrganizationParams{ID: scope.OrganizationID, TranscribeUploads: c.TranscribeUploads}
	if c.Name != nil {
		name := strings.TrimSpace(*c.Name)
		if n := utf8.RuneCountInString(name); n == 0 || n > maxName || strings.ContainsRune(name, 0) {
			return p, fault.Invalid("name", "Give a name of 1 to %d characters.", maxName)
		}
		p.Name = &name
	}
	if c.Language != nil {
		if v := c.Language.Value; v != nil && !Language(*v) {
			return p, fault.Invalid("languageCode", "Give a language as in \"en\" or \"en_us\", or null to detect it.")
		}
		p.SetLanguage, p.LanguageCode = true, c.Language.Value
	}
	if c.Analysis != nil {
		p.SetAnalysis = true
		if c.Analysis.Value != nil {
			p.Analysis = Words(*c.Analysis.Value)
		}
	}
	err := c.retention(&p)
	return p, err
}

// Language says whether a word has the form of a language code: "en", "en_us".
func Language(code string) bool {
	language, region, regional := strings.Cut(code, "_")
	return letters(language, 2, 3) && (!regional || letters(region, 2, 2))
}

func letters(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && strings.IndexFunc(s, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

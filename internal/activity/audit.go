package activity

import (
	"cmp"
	"context"
	"slices"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Entry is a line of the audit log: an event with its detail.
type Entry struct{ Event }

// Note is one word or number of an entry's detail.
type Note struct{ Name, Value string }

// Notes are the detail, in the order of the names.
func (e Entry) Notes() []Note {
	list := make([]Note, 0, len(e.Detail))
	for name, value := range e.Detail {
		list = append(list, Note{name, value})
	}
	slices.SortFunc(list, func(a, b Note) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// Entry finds a line in the audit logs that the viewer may read. Error: NotFound.
func (s *Service) Entry(ctx context.Context, viewer access.Viewer, id ids.ID) (*Entry, error) {
	if !id.Is(ids.Activity) {
		return nil, fault.NotFound("activity")
	}
	row, err := s.store.GetAuditEvent(ctx, id.UUID, viewer.OrganizationsAs(access.Admin))
	if err != nil {
		return nil, postgres.NotFound(err, "activity")
	}
	return &Entry{fromRow(row)}, viewer.Enter(row.OrganizationID)
}

// Log pages back through an organization's audit log, newest first. Errors: NotFound for an organization that the
// viewer does not belong to, Forbidden below Admin, Invalid for a bad page.
func (s *Service) Log(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args, types []Type) (page.Connection[Entry], error) {
	scope, err := viewer.Scope(organization, access.Admin)
	if err != nil {
		return page.Connection[Entry]{}, err
	}
	list, size, err := s.before(ctx, scope, Audit, args, types)
	entries := make([]Entry, len(list))
	for i, e := range list {
		entries[i] = Entry{e}
	}
	return page.Cut(entries, size, args.After != nil, func(e Entry) string { return e.Cursor() }), err
}

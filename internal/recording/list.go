package recording

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
)

// List pages through an organization's recordings, newest first. Errors: NotFound, Invalid.
func (s *Service) List(ctx context.Context, viewer access.Viewer, organization ids.ID, args page.Args, source *Source) (page.Connection[Recording], error) {
	var none page.Connection[Recording]
	scope, err := viewer.Scope(organization, access.Viewing)
	if err != nil {
		return none, err
	}
	size, before, err := args.Keyset(uuid.Max)
	if err != nil {
		return none, err
	}
	rows, err := s.store.ListRecordings(ctx, db.ListRecordingsParams{
		OrganizationID: scope.OrganizationID, Before: before, Source: (*string)(source), PageSize: size + 1,
	})
	if err != nil {
		return none, fmt.Errorf("listing recordings: %w", err)
	}
	return page.Rows(rows, size, args.After != nil, fromRow, func(r Recording) string { return page.Encode(r.ID.UUID) }), nil
}

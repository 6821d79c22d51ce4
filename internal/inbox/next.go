package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

// NextAttempts says when events are tried next, in the organizations in which the viewer is an admin. There is
// nothing in the answer for one that is finished, was given up, or is being tried at this moment.
func (s *Service) NextAttempts(ctx context.Context, viewer access.Viewer, wanted []uuid.UUID) (map[uuid.UUID]*time.Time, error) {
	open, err := s.store.ListOpenWebhookEvents(ctx, wanted, viewer.OrganizationsAs(access.Admin))
	if err != nil {
		return nil, fmt.Errorf("reading which events are open: %w", err)
	}
	asked := make([]deliverArgs, len(open))
	for i, id := range open {
		asked[i] = deliverArgs{EventID: id}
	}
	due, err := jobs.Due(ctx, s.store.Pool(), asked)
	if err != nil {
		return nil, err
	}
	found := make(map[uuid.UUID]*time.Time, len(due))
	for args, at := range due {
		found[args.EventID] = &at
	}
	return found, nil
}

package transcription

import (
	"context"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// StatusEvent is one transition on a live stream.
type StatusEvent = activity.StatusEvent[Status]

// Watching says which transcription to follow, and behind which cursor.
type Watching struct {
	ID    ids.ID
	After *string
}

// Watch follows one transcription: the current state at once, or all that came after a cursor; then
// each transition in order; it ends after a final one.
// Errors: NotFound, Invalid for a bad cursor, CursorExpired.
func (s *Service) Watch(ctx context.Context, viewer access.Viewer, w Watching, to activity.Reader) (<-chan *StatusEvent, error) {
	_, scope, err := s.scoped(ctx, viewer, w.ID, access.Viewing)
	if err != nil {
		return nil, err
	}
	watching := activity.Watching{OrganizationID: scope.OrganizationID, Subject: w.ID.UUID, After: w.After, Viewer: viewer}
	return activity.WatchStatus(ctx, s.activity, watching, Status.Live, to)
}

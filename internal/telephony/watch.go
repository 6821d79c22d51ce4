package telephony

import (
	"context"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// StatusEvent is one transition on a live stream.
type StatusEvent struct {
	Cursor         string // resume behind it
	Status         Status
	PreviousStatus *Status // nil at the beginning
	OccurredAt     time.Time
	Replayed       bool // it happened before the stream began
	CallID         ids.ID
}

// Watching says which call to follow, and behind which cursor.
type Watching struct {
	ID    ids.ID
	After *string
}

// Watch follows one call: the current state at once, or all that came after a cursor; then each transition in
// order; it ends after a final one. Errors: NotFound, Invalid for a bad cursor, CursorExpired.
func (s *Service) Watch(ctx context.Context, viewer access.Viewer, w Watching, to activity.Reader) (<-chan *StatusEvent, error) {
	_, scope, err := s.scoped(ctx, viewer, w.ID, access.Viewing)
	if err != nil {
		return nil, err
	}
	return activity.Watch(ctx, s.activity, activity.Watching{
		OrganizationID: scope.OrganizationID, Subject: w.ID.UUID, Types: []activity.Type{activity.CallStatusChanged}, After: w.After, FromLast: true,
		Viewer: viewer,
		Last:   func(e activity.Event) bool { return !Status(e.Status).Live() },
	}, statusEvent, to)
}

func statusEvent(e activity.Seen) *StatusEvent {
	event := &StatusEvent{Cursor: e.Cursor(), Status: Status(e.Status), OccurredAt: e.OccurredAt, Replayed: e.Replayed, CallID: e.Subject}
	if e.PreviousStatus != "" {
		previous := Status(e.PreviousStatus)
		event.PreviousStatus = &previous
	}
	return event
}

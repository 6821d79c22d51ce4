package activity

import (
	"context"
	"time"

	"github.com/switchboard-voice/switchboard/internal/ids"
)

// StatusEvent is one transition on the live stream of something that has a status.
type StatusEvent[S ~string] struct {
	Cursor         string // resume behind it
	Status         S
	PreviousStatus *S // nil at the beginning
	OccurredAt     time.Time
	Replayed       bool // it happened before the stream began
	Subject        ids.ID
}

// WatchStatus follows one subject: the current state at once, or all that came after a cursor; then each transition
// in order; it ends after one to a status that does not live. Errors: as Watch.
func WatchStatus[S ~string](ctx context.Context, s *Service, w Watching, live func(S) bool, to Reader) (<-chan *StatusEvent[S], error) {
	w.FromLast, w.Last = true, func(e Event) bool { return !live(S(e.Status)) }
	return Watch(ctx, s, w, statusEvent[S], to)
}

func statusEvent[S ~string](e Seen) *StatusEvent[S] {
	event := &StatusEvent[S]{Cursor: e.Cursor(), Status: S(e.Status), OccurredAt: e.OccurredAt, Replayed: e.Replayed, Subject: e.Subject}
	if e.PreviousStatus != "" {
		previous := S(e.PreviousStatus)
		event.PreviousStatus = &previous
	}
	return event
}

package activity

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

const (
	// batch is how many events one read brings: a reader that fell far behind catches up in pieces.
	batch = 100
	// allowedEvery is how often a silent stream asks whether its reader may still look.
	allowedEvery = 30 * time.Second
	// lostPause is between two reads while the database is away.
	lostPause = time.Second
)

// Watching says what to follow, from where, and for how long.
type Watching struct {
	OrganizationID uuid.UUID
	Subject        uuid.UUID // one subject; zero follows the whole organization
	Types          []Type    // empty: all; what is not among them is not there, for Last and FromLast too
	After          *string   // cursor to resume behind; nil follows from now on
	FromLast       bool      // without After, a subject's newest event comes first: the current state
	// Viewer is who looks. Whether they still may is asked before events are handed out and now and then
	// in silence; the answer may end the stream.
	Viewer access.Viewer
	// Last says whether the stream is over after this event, unless another follows it already.
	Last func(Event) bool
}

// Seen is one event on a stream.
type Seen struct {
	Event
	Replayed bool // it happened before the stream began
}

// trace is none for what is replayed: that it is seen again, maybe days later, is no part of what it was.
func (e Seen) trace() string {
	if e.Replayed {
		return ""
	}
	return e.traceparent
}

// Follow is the stream of an organization: what comes after the cursor, or from now on. why tells the
// fault that ended it. Errors: NotFound, Invalid for a bad cursor, CursorExpired.
func (s *Service) Follow(ctx context.Context, viewer access.Viewer, in Following, why func(error)) (<-chan *Event, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Viewing)
	if err != nil {
		return nil, err
	}
	w := Watching{OrganizationID: scope.OrganizationID, Types: in.Types, After: in.After, Viewer: viewer}
	return Watch(ctx, s, w, func(seen Seen) *Event { return &seen.Event }, why)
}

// Following says what of an organization to follow.
type Following struct {
	OrganizationID ids.ID
	After          *string
	Types          []Type // empty: all
}

// Watch follows what happens: first what came after the cursor, then live, in order, without a gap or a
// repeat, each event as show tells it. The channel is closed when the stream is over; why says the fault
// that ended it, if one did. Errors at the start: Invalid for a bad cursor, CursorExpired for one that
// cannot be replayed.
func Watch[T any](ctx context.Context, s *Service, w Watching, show func(Seen) T, why func(error)) (<-chan T, error) {
	head, err := s.store.GetActivityHead(ctx, w.OrganizationID)
	if err != nil {
		return nil, fmt.Errorf("reading the head: %w", err)
	}
	after, err := number(w.After)
	if err != nil {
		return nil, err
	}
	// Beyond the head it is of another organization, or of a database that was set back; before what retention
	// left, a replay would have a gap that nobody sees.
	if after > head.LastNumber || w.After != nil && after < head.RemovedTo {
		return nil, fault.CursorExpired()
	}
	if w.After == nil && !w.FromLast {
		after = head.LastNumber
	}
	out := make(chan T)
	give := func(e Seen) error {
		telemetry.HandOver(ctx, e.trace())
		select {
		case out <- show(e):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	go func() {
		defer close(out)
		if err := s.follow(ctx, w, after, head.LastNumber, give); err != nil && ctx.Err() == nil {
			why(err)
		}
	}()
	return out, nil
}

// follow is the life of one stream.
func (s *Service) follow(ctx context.Context, w Watching, after, head int64, give func(Seen) error) error {
	topic := w.OrganizationID
	if w.Subject != uuid.Nil {
		topic = w.Subject
	}
	waiter := s.hub.Wait(topic) // before the first read: nothing falls in between
	defer waiter.Close()
	if w.After == nil && w.FromLast {
		last, err := s.last(ctx, w)
		if postgres.Missing(err) { // so old that retention took its last event: nothing will follow
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the newest event: %w", err)
		}
		after = last.Number - 1
	}
	for {
		done, err := s.catchUp(ctx, w, &after, head, give)
		if err == nil && !done {
			err = s.wait(ctx, w, waiter)
		}
		if err != nil && postgres.Lost(err) && ctx.Err() == nil {
			err = pause(ctx) // the stream outlives the database's absence: nobody has to subscribe again
		}
		if done || err != nil {
			return err
		}
	}
}

// wait returns when there may be something to read. In silence it asks whether the reader may still look.
func (s *Service) wait(ctx context.Context, w Watching, waiter *live.Waiter) error {
	silence := time.NewTimer(allowedEvery)
	defer silence.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-waiter.C:
		return nil
	case <-silence.C:
		return s.allowed(ctx, w.Viewer, w.OrganizationID)
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(lostPause):
		return nil
	}
}

// catchUp hands out everything after the cursor and moves it; done says that the stream is over.
func (s *Service) catchUp(ctx context.Context, w Watching, after *int64, head int64, give func(Seen) error) (done bool, err error) {
	for {
		list, err := s.after(ctx, w, *after)
		if err != nil {
			return false, fmt.Errorf("reading activity: %w", err)
		}
		if len(list) == 0 {
			return w.Last != nil && s.over(ctx, w, *after), nil
		}
		if err := s.allowed(ctx, w.Viewer, w.OrganizationID); err != nil {
			return false, err
		}
		for _, e := range list {
			if err := give(Seen{Event: e, Replayed: e.Number <= head}); err != nil {
				return false, err
			}
			*after = e.Number
		}
		if last := list[len(list)-1]; len(list) < batch && w.Last != nil && w.Last(last) {
			return true, nil
		}
	}
}

// last is the newest event of the subject, among those that are followed.
func (s *Service) last(ctx context.Context, w Watching) (*db.ActivityEvent, error) {
	return s.store.GetLastSubjectActivity(ctx, db.GetLastSubjectActivityParams{OrganizationID: w.OrganizationID, SubjectID: w.Subject, Types: words(w.Types)})
}

// over asks, for a reader that resumes and finds nothing new, whether the subject is at its end already.
func (s *Service) over(ctx context.Context, w Watching, after int64) bool {
	last, err := s.last(ctx, w)
	return postgres.Missing(err) || err == nil && last.Number <= after && w.Last(fromRow(last))
}

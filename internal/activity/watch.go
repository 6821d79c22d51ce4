package activity

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/postgres"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
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

// Follow is the stream of an organization: what comes after the cursor, or from now on. Errors:
// NotFound, Invalid for a bad cursor, CursorExpired.
func (s *Service) Follow(ctx context.Context, viewer access.Viewer, in Following, to Reader) (<-chan *Event, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Viewing)
	if err != nil {
		return nil, err
	}
	w := Watching{OrganizationID: scope.OrganizationID, Types: in.Types, After: in.After, Viewer: viewer}
	return Watch(ctx, s, w, func(seen Seen) *Event { return &seen.Event }, to)
}

// Following says what of an organization to follow.
type Following struct {
	OrganizationID ids.ID
	After          *string
	Types          []Type // empty: all
}

// Reader is who a stream is for.
type Reader struct {
	// Ended is told the fault that ended the stream, if one did.
	Ended func(error)
	// Pull takes over to call next whenever the reader can take one more event, until there is none or the
	// reader has left; then next is called a last time, with its ctx ended. A reader that cannot do so says
	// false, or has no Pull: then the stream has a goroutine of its own.
	Pull func(next func() bool) bool
}

// Watch follows what happens: first what came after the cursor, then live, in order, without a gap or a
// repeat, each event as show tells it. The channel is closed when the stream is over. Errors at the start:
// Invalid for a bad cursor, CursorExpired for one that cannot be replayed.
func Watch[T any](ctx context.Context, s *Service, w Watching, show func(Seen) T, to Reader) (<-chan T, error) {
	f, err := s.open(ctx, w)
	if err != nil {
		return nil, err
	}
	out := make(chan T, 1) // a pulled event waits here for as long as a function returns
	next := func() bool {
		e, err := f.next(ctx)
		if e != nil {
			telemetry.HandOver(ctx, e.trace())
			select {
			case out <- show(*e):
				return true
			case <-ctx.Done():
			}
		}
		if err != nil && ctx.Err() == nil {
			to.Ended(err)
		}
		f.waiter.Close()
		close(out)
		return false
	}
	if to.Pull == nil || !to.Pull(next) {
		go func() {
			for next() {
			}
		}()
	}
	return out, nil
}

// open finds where a stream begins.
func (s *Service) open(ctx context.Context, w Watching) (*following, error) {
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
	topic := w.OrganizationID
	if w.Subject != uuid.Nil {
		topic = w.Subject
	}
	// It waits before the first read: nothing falls in between.
	return &following{s: s, w: w, head: head.LastNumber, after: after, fromLast: w.After == nil && w.FromLast, waiter: s.hub.Wait(topic)}, nil
}

// last is the newest event of the subject, among those that are followed.
func (s *Service) last(ctx context.Context, w Watching) (*db.ActivityEvent, error) {
	return s.store.GetLastSubjectActivity(ctx, db.GetLastSubjectActivityParams{OrganizationID: w.OrganizationID, SubjectID: w.Subject, Types: postgres.Words(w.Types)})
}

package activity

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// following is one stream and how far it has come. Between two events it is all that is held of it.
type following struct {
	s      *Service
	w      Watching
	waiter *live.Waiter
	head   int64 // what happened up to here is replayed
	after  int64 // what was given last

	list     []Event // was read, and is to be given
	fromLast bool    // the subject's newest event is still to be looked for
	drained  bool    // nothing was behind the list when it was read: what comes next wakes the waiter
	over     bool    // nothing follows the list
}

// next waits for the next event; none when the stream is over.
func (f *following) next(ctx context.Context) (*Seen, error) {
	for ctx.Err() == nil {
		if len(f.list) > 0 {
			return f.take(), nil
		}
		if f.over {
			return nil, nil
		}
		err := f.advance(ctx)
		if err != nil && postgres.Lost(err) && ctx.Err() == nil {
			f.drained = false
			err = pause(ctx) // the stream outlives the database's absence: nobody has to subscribe again
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, ctx.Err()
}

// take gives the first of the list. A stream that waits holds no batch.
func (f *following) take() *Seen {
	seen := &Seen{Event: f.list[0], Replayed: f.list[0].Number <= f.head}
	if f.list = f.list[1:]; len(f.list) == 0 {
		f.list = nil
	}
	f.after = seen.Number
	return seen
}

// advance waits for something to read, or reads it.
func (f *following) advance(ctx context.Context) error {
	if f.drained {
		f.drained = false
		return f.wait(ctx)
	}
	if f.fromLast {
		return f.findLast(ctx)
	}
	return f.fill(ctx)
}

// fill reads the next batch.
func (f *following) fill(ctx context.Context) error {
	list, err := f.s.after(ctx, &f.w, f.after)
	if err != nil {
		return fmt.Errorf("reading activity: %w", err)
	}
	f.drained = len(list) < batch
	if len(list) == 0 {
		f.over = f.w.Last != nil && f.s.over(ctx, &f.w, f.after)
		return nil
	}
	if err := f.s.allowed(ctx, f.w.Viewer, f.w.OrganizationID); err != nil {
		return err
	}
	f.list = list
	f.over = f.drained && f.w.Last != nil && f.w.Last(list[len(list)-1])
	return nil
}

// findLast has the stream begin with the subject's newest event.
func (f *following) findLast(ctx context.Context) error {
	last, err := f.s.last(ctx, f.w)
	if postgres.Missing(err) { // so old that retention took its last event: nothing will follow
		f.over = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the newest event: %w", err)
	}
	f.after, f.fromLast = last.Number-1, false
	return nil
}

// wait returns when there may be something to read. In silence it asks whether the reader may still look.
func (f *following) wait(ctx context.Context) error {
	silence := time.NewTimer(allowedEvery)
	defer silence.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-f.waiter.C:
		return nil
	case <-silence.C:
		return f.s.allowed(ctx, f.w.Viewer, f.w.OrganizationID)
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

// over asks, for a reader that resumes and finds nothing new, whether the subject is at its end already.
func (s *Service) over(ctx context.Context, w *Watching, after int64) bool {
	last, err := s.last(ctx, *w)
	return postgres.Missing(err) || err == nil && last.Number <= after && w.Last(fromRow(last))
}

package jobs

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// clock is the database's, as far as this process can tell it: a little late, by the time that an answer
// takes, and never ahead, so that what is due by it is due there. Between two looks it goes by the time since
// the last one, which nobody sets right.
type clock struct{ look atomic.Pointer[look] }

type look struct{ at, theirs time.Time }

// Now is the time at the database, or ours until the first look.
func (c *clock) Now() time.Time {
	if l := c.look.Load(); l != nil {
		return l.theirs.Add(time.Since(l.at))
	}
	return time.Now()
}

// NowOrNil has River leave a time to the database wherever it can.
func (*clock) NowOrNil() *time.Time { return nil }

// set takes what the database said, asked at some time of ours, and gives by how much the two clocks have moved
// apart since the last look. What was known is kept where it may still be right: this answer may have been slow.
func (c *clock) set(asked, theirs time.Time) (moved time.Duration) {
	now := time.Now()
	known := theirs
	if l := c.look.Load(); l != nil {
		guess := l.theirs.Add(now.Sub(l.at))
		if later := guess.Sub(theirs); later >= 0 && later <= now.Sub(asked) {
			known = guess
		}
		moved = known.Sub(guess).Abs()
	}
	c.look.Store(&look{now, known})
	return moved
}

// ask looks for the first time, in a process that enqueues before or without Start.
func (c *clock) ask(ctx context.Context, tx *postgres.Tx) error {
	if c.look.Load() != nil {
		return nil
	}
	var theirs time.Time
	asked := time.Now()
	if err := tx.Raw.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&theirs); err != nil {
		return fmt.Errorf("asking for the time: %w", err)
	}
	c.set(asked, theirs)
	return nil
}

// dated gives jobs that are due at once the database's time: River's driver would give them the process's.
type dated struct {
	river.JobInsertMiddlewareDefaults
	clock *clock
}

func (d dated) InsertMany(ctx context.Context, list []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	now := d.clock.Now()
	for _, job := range list {
		job.CreatedAt = &now
		if job.ScheduledAt == nil {
			job.ScheduledAt = &now
		}
	}
	return insert(ctx)
}

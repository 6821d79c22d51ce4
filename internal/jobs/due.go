package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// mostDue is many times the jobs that one page of a list asks for: each has one, and a few have a second that was
// enqueued by hand.
const mostDue = 1000

// Due says when jobs with these arguments run next. There is nothing in the answer for those that have none which
// waits: it is done, was given up, or runs at this moment. The arguments are looked for in River's index of them.
func Due[A interface {
	Args
	comparable
}](ctx context.Context, q *Queue, list []A) (map[A]time.Time, error) {
	due := make(map[A]time.Time, len(list))
	if len(list) == 0 {
		return due, nil
	}
	wanted := make([]string, len(list))
	for i, args := range list {
		raw, err := json.Marshal(args)
		if err != nil {
			return nil, fmt.Errorf("encoding a job's arguments: %w", err)
		}
		wanted[i] = string(raw)
	}
	found, err := q.client.JobList(ctx, river.NewJobListParams().Kinds(list[0].Kind()).
		States(rivertype.JobStateAvailable, rivertype.JobStateRetryable, rivertype.JobStateScheduled).
		Where("args @> ANY(@wanted::text[]::jsonb[])", river.NamedArgs{"wanted": wanted}).First(mostDue))
	if err != nil {
		return nil, fmt.Errorf("listing waiting jobs: %w", err)
	}
	for _, job := range found.Jobs {
		var args A
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			return nil, fmt.Errorf("reading a job's arguments: %w", err)
		}
		if at, known := due[args]; !known || job.ScheduledAt.Before(at) {
			due[args] = job.ScheduledAt
		}
	}
	return due, nil
}

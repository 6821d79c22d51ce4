package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Running lists the arguments of a kind's jobs that have been at work for longer than a while, the oldest first and
// at most so many. For a kind that says in its row that it lives, those that do not were killed with their process;
// River itself would wait until their time is over.
func Running[A Args](ctx context.Context, q *Queue, longer time.Duration, most int) ([]A, error) {
	var kind A
	found, err := q.client.JobList(ctx, river.NewJobListParams().Kinds(kind.Kind()).States(rivertype.JobStateRunning).
		OrderBy(river.JobListOrderByTime, river.SortOrderAsc).First(most))
	if err != nil {
		return nil, fmt.Errorf("listing running jobs: %w", err)
	}
	var list []A
	for _, job := range found.Jobs {
		if job.AttemptedAt == nil || time.Since(*job.AttemptedAt) <= longer {
			continue
		}
		var args A
		if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
			return nil, fmt.Errorf("reading a job's arguments: %w", err)
		}
		list = append(list, args)
	}
	return list, nil
}

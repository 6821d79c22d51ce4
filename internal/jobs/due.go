package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// due reads what waits, in the index by which River fetches, and picks by the arguments. River's own index of them
// costs a hundred times as much: each job of a kind stands in it under the same names.
const due = `SELECT args, min(scheduled_at) FROM ` + postgres.JobsSchema + `.river_job
	WHERE state IN ('available', 'retryable', 'scheduled') AND kind = $1 AND args IN (SELECT unnest($2::text[])::jsonb) GROUP BY args`

// Due says when jobs with these arguments run next. There is nothing in the answer for those that have none which
// waits: it is done, was given up, or runs at this moment. It costs as much as there are jobs that wait.
func Due[A interface {
	Args
	comparable
}](ctx context.Context, pool *pgxpool.Pool, list []A) (map[A]time.Time, error) {
	found := make(map[A]time.Time, len(list))
	if len(list) == 0 {
		return found, nil
	}
	wanted := make([]string, len(list))
	for i, args := range list {
		raw, err := json.Marshal(args)
		if err != nil {
			return nil, fmt.Errorf("encoding a job's arguments: %w", err)
		}
		wanted[i] = string(raw)
	}
	rows, err := pool.Query(ctx, due, list[0].Kind(), wanted)
	if err != nil {
		return nil, fmt.Errorf("looking for waiting jobs: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var args A
		var at time.Time
		if err := rows.Scan(&args, &at); err != nil {
			return nil, fmt.Errorf("reading a waiting job: %w", err)
		}
		found[args] = at
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading waiting jobs: %w", err)
	}
	return found, nil
}

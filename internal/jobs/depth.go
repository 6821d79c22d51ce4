package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Depth is how many jobs of a queue are in a state: available (due, and nobody took it yet), retryable,
// scheduled or running.
type Depth struct {
	Queue, State string
	Jobs         int
}

// depths counts in the index by which River fetches; a missing row would end a time series, so that every
// queue and state is there.
const depths = `SELECT q.name, s.name, (
		SELECT count(*) FROM ` + postgres.JobsSchema + `.river_job j WHERE j.state = s.name::` + postgres.JobsSchema + `.river_job_state AND j.queue = q.name)
	FROM unnest($1::text[]) AS q (name), unnest($2::text[]) AS s (name)`

// Depths counts what waits and runs, for metrics.
func Depths(ctx context.Context, pool *pgxpool.Pool) ([]Depth, error) {
	rows, err := pool.Query(ctx, depths, []string{Webhooks, Work, Copies, Calls, Upkeep}, []string{"available", "retryable", "scheduled", "running"})
	if err != nil {
		return nil, fmt.Errorf("counting jobs: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Depth])
	if err != nil {
		return nil, fmt.Errorf("counting jobs: %w", err)
	}
	return found, nil
}

package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const (
	// beatEvery is how often a process says that it lives: one small statement.
	beatEvery = 5 * time.Second
	// deadBeats is how many beats a dead one has missed: after 15 s its jobs run elsewhere within 5 more, and a
	// process that only paused to collect garbage or to connect anew is not taken for dead.
	deadBeats = 3
	// leaveTimeout is for one statement at the end, which platforms wait for no longer than they have to.
	leaveTimeout = time.Second
)

// life is how the others know that this process lives, and how it knows of them. One that was taken for dead
// and only stalled goes on: its jobs run twice, which harms nobody, and its next beat brings its row back.
type life struct {
	id    string
	pool  *pgxpool.Pool
	every time.Duration
	clock *clock
	lost  func(kind string, after time.Duration)
	kinds map[string]Kind

	beats int // in a row
	last  time.Time
	stop  context.CancelFunc // nil before start
	ended chan struct{}
}

// start goes on with what the first beat began.
func (l *life) start(ctx context.Context) {
	ctx, l.stop = context.WithCancel(ctx)
	l.ended = make(chan struct{})
	go func() {
		defer close(l.ended)
		tick := time.NewTicker(l.every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				l.beat(ctx)
			}
		}
	}()
}

// end comes after the runs: as long as they go on, the others must not take them over. Where some could not be
// ended, this process is a dead one from now on, and so it is where the row cannot be removed.
func (l *life) end(ctx context.Context, clean bool) {
	if l.stop == nil {
		return
	}
	l.stop()
	<-l.ended
	if !clean {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	if err := db.New(l.pool).RemoveProcess(ctx, l.id); err != nil {
		slog.WarnContext(ctx, "saying that this process ends failed", "error", err)
	}
}

// beat says that this process lives, and takes over from those that do not.
func (l *life) beat(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, l.every)
	defer cancel()
	if err := l.say(ctx); err != nil {
		l.beats = 0
		slog.WarnContext(ctx, "saying that this process lives failed", "error", err)
		return
	}
	if l.beats <= deadBeats {
		return
	}
	if err := l.takeOver(ctx); err != nil {
		slog.WarnContext(ctx, "taking over the jobs of dead processes failed", "error", err)
	}
}

// say counts the beats that came in time. After a gap everybody may have been unable to speak, and after a leap
// of the database's clock everybody seems silent: then the others get as long as it takes to be dead.
func (l *life) say(ctx context.Context) error {
	began := time.Now()
	seen, err := db.New(l.pool).SayProcessLives(ctx, l.id)
	if err != nil {
		return fmt.Errorf("writing it down: %w", err)
	}
	if moved := l.clock.set(began, seen); moved > l.every || began.Sub(l.last) > 2*l.every {
		l.beats = 0
	}
	l.beats++
	l.last = began
	return nil
}

// takeOver makes available what dead processes ran, and what has no outcome although its time is over, as where the
// answer to a fetch was lost. In the last try it ends, as any failure would: a job may be what killed the process.
// All of it by the database's clock; a beat from the future is older than that clock's last leap back.
const takeOver = `WITH dead AS (
		DELETE FROM switchboard.job_processes WHERE id IN (
			SELECT id FROM switchboard.job_processes WHERE id <> $4 AND seen_at NOT BETWEEN now() - $1::interval AND now() + $1::interval
			FOR UPDATE SKIP LOCKED)
		RETURNING id
	), lost AS (
		SELECT j.id FROM ` + postgres.JobsSchema + `.river_job j
		WHERE j.state = 'running' AND (j.attempted_by[array_upper(j.attempted_by, 1)] IN (SELECT id FROM dead)
			OR EXISTS (SELECT FROM unnest($2::text[], $3::interval[]) AS k (kind, limits) WHERE k.kind = j.kind AND j.attempted_at < now() - k.limits))
		ORDER BY j.id FOR UPDATE
	)
	UPDATE ` + postgres.JobsSchema + `.river_job j SET
		state = CASE WHEN attempt < max_attempts THEN 'available' ELSE 'discarded' END::` + postgres.JobsSchema + `.river_job_state,
		finalized_at = CASE WHEN attempt < max_attempts THEN NULL ELSE now() END,
		errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', 'the run left no outcome', 'trace', ''))
	FROM lost WHERE j.id = lost.id
	RETURNING j.id, j.kind, j.attempt, now() - j.attempted_at`

func (l *life) takeOver(ctx context.Context) error {
	names, limits := make([]string, 0, len(l.kinds)), make([]time.Duration, 0, len(l.kinds))
	for name, kind := range l.kinds {
		names, limits = append(names, name), append(limits, kind.timeout()+grace)
	}
	rows, err := l.pool.Query(ctx, takeOver, deadBeats*l.every, names, limits, l.id)
	if err != nil {
		return fmt.Errorf("taking over: %w", err)
	}
	var id int64
	var kind string
	var attempt int
	var after time.Duration
	_, err = pgx.ForEachRow(rows, []any{&id, &kind, &attempt, &after}, func() error {
		slog.WarnContext(ctx, "job taken over", "kind", kind, "job", id, "attempt", attempt, "ms", after.Milliseconds())
		l.lost(kind, after)
		return nil
	})
	if err != nil {
		return fmt.Errorf("taking over: %w", err)
	}
	return nil
}

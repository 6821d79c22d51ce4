package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// logged writes one line a run, and counts it.
type logged struct {
	river.WorkerMiddlewareDefaults
	ran func(kind, outcome string, took time.Duration)
}

func (l logged) Work(ctx context.Context, job *rivertype.JobRow, run func(context.Context) error) error {
	started := time.Now()
	err := run(ctx)
	attrs := []any{"kind", job.Kind, "job", job.ID, "attempt", job.Attempt, "ms", time.Since(started).Milliseconds()}
	outcome := "done"
	switch {
	case err == nil:
		slog.Info("job done", attrs...)
	case Waits(err):
		outcome = "waits"
		slog.Info("job waits", attrs...)
	default:
		outcome = "failed"
		slog.Warn("job failed", append(attrs, "error", err)...)
	}
	if l.ran != nil {
		l.ran(job.Kind, outcome, time.Since(started))
	}
	return err
}

// quiet keeps River's own warnings and errors and drops its chatter, errors of jobs (logged above) included.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

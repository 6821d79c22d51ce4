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
	ended := outcome(err)
	if ended == failed {
		slog.WarnContext(ctx, "job failed", append(attrs, "error", err)...)
	} else {
		slog.InfoContext(ctx, "job "+ended, attrs...)
	}
	if l.ran != nil {
		l.ran(job.Kind, ended, time.Since(started))
	}
	return err
}

// How a run ended.
const (
	done   = "done"
	failed = "failed"
	waits  = "waits"
	lost   = "lost" // nobody was left to say: its process died
)

// lost counts a run that was taken over.
func (c Config) lost(kind string, after time.Duration) {
	if c.Ran != nil {
		c.Ran(kind, lost, after)
	}
}

func outcome(err error) string {
	switch {
	case err == nil:
		return done
	case Waits(err):
		return waits
	}
	return failed
}

// quiet keeps River's own warnings and errors and drops its chatter, errors of jobs (logged above) included.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

type worker[A Args] struct {
	river.WorkerDefaults[A]
	kind Kind
	run  func(context.Context, Job[A]) error
}

func (w *worker[A]) Timeout(*river.Job[A]) time.Duration { return w.kind.Timeout }

func (w *worker[A]) Work(ctx context.Context, job *river.Job[A]) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			slog.Error("job panicked", "kind", job.Kind, "job", job.ID, "panic", cause, "trace", string(debug.Stack()))
			err = fmt.Errorf("panicked: %v", cause)
		}
		err = keepable(err)
	}()
	return w.run(ctx, Job[A]{Args: job.Args, Attempt: job.Attempt, Last: job.Attempt >= job.MaxAttempts})
}

// keepable makes an error fit to be kept. River writes the outcomes of many jobs at once: with one text
// that Postgres cannot hold, all of them would be lost.
func keepable(err error) error {
	if err == nil {
		return nil
	}
	said := err.Error()
	if kept := strings.ReplaceAll(strings.ToValidUTF8(said, "\uFFFD"), "\x00", ""); kept != said {
		return reworded{err, kept}
	}
	return err
}

// reworded is an error under another text.
type reworded struct {
	error
	text string
}

func (r reworded) Error() string { return r.text }
func (r reworded) Unwrap() error { return r.error }

// retry doubles from half a second to five minutes, with jitter so that a provider that came back is
// not met by everybody in the same instant.
type retry struct{ now func() time.Time }

func (r retry) NextRetry(job *rivertype.JobRow) time.Time {
	wait := slowest
	if tries := len(job.Errors); tries < 10 {
		wait = time.Second << tries / 2
	}
	return r.now().Add(wait/2 + rand.N(wait))
}

package jobs

import (
	"context"
	"encoding/json"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// origin is what a job's row remembers of the span that enqueued it. River keeps words of its own beside it.
type origin struct {
	Traceparent string `json:"traceparent"`
}

// from is the metadata of a job that is enqueued in this context; nil where there is no trace.
func from(ctx context.Context) []byte {
	parent := telemetry.Traceparent(ctx)
	if parent == "" {
		return nil
	}
	metadata, _ := json.Marshal(origin{parent}) // a text always can be
	return metadata
}

// traced makes each run a part of the trace that its job was enqueued in, a late retry too.
type traced struct {
	river.WorkerMiddlewareDefaults
	traces *telemetry.Tracing
}

func (t traced) Work(ctx context.Context, job *rivertype.JobRow, run func(context.Context) error) error {
	var o origin
	_ = json.Unmarshal(job.Metadata, &o) // metadata of another hand begins a trace of its own
	ctx, done := t.traces.Job(ctx, telemetry.Run{Kind: job.Kind, Queue: job.Queue, Traceparent: o.Traceparent, ID: job.ID, Attempt: job.Attempt})
	err := run(ctx)
	done(outcome(err))
	return err
}

// middleware stands around each run, the first one outermost.
func middleware(c Config) []rivertype.WorkerMiddleware {
	if c.Traces == nil {
		return []rivertype.WorkerMiddleware{&logged{ran: c.Ran}}
	}
	return []rivertype.WorkerMiddleware{&traced{traces: c.Traces}, &logged{ran: c.Ran}}
}

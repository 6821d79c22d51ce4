package telemetry

import (
	"context"
	"net/http"
	"strconv"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// maxName is what of an operation's name is kept: a client makes it up.
const maxName = 64

// Request begins the span of an HTTP request; done ends it. Each begins a trace: one that a stranger named
// would let them choose what is sampled, and put their requests into other people's traces. It is linked.
func (t *Tracing) Request(ctx context.Context, headers http.Header) (_ context.Context, done func(method, route string, status int)) {
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot()}
	from := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(headers)))
	if from.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: from.WithTraceState(trace.TraceState{})}))
	}
	ctx, span := t.tracer.Start(ctx, "HTTP", options...)
	return ctx, func(method, route string, status int) {
		span.SetName(method + " " + route) // known only after routing
		span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			failed(span, strconv.Itoa(status))
		}
		span.End()
	}
}

// Operation begins the span of a GraphQL operation: kind is query, mutation or subscription. Done takes the
// code of the error that it ended with; empty for none.
func (t *Tracing) Operation(ctx context.Context, kind, name string) (_ context.Context, done func(code string)) {
	if len(name) > maxName {
		name = name[:maxName]
	}
	ctx, span := t.tracer.Start(ctx, "graphql."+kind, trace.WithAttributes(
		attribute.String("graphql.operation.type", kind), attribute.String("graphql.operation.name", name)))
	return ctx, func(code string) {
		if code != "" {
			failed(span, code)
		}
		span.End()
	}
}

type statementKey struct{}

// Statement begins the span of an SQL statement; name is ours, never the statement itself. Outside of a span
// that is being recorded it begins none: what a process asks for itself is nobody's trace.
func (t *Tracing) Statement(ctx context.Context, name string) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	_, span := t.tracer.Start(ctx, "sql."+name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", "postgresql"), attribute.String("db.query.summary", name)))
	return context.WithValue(ctx, statementKey{}, span)
}

// StatementDone ends it; code is the SQLSTATE of a failure or another word for it.
func (t *Tracing) StatementDone(ctx context.Context, code string) {
	span, ok := ctx.Value(statementKey{}).(trace.Span)
	if !ok {
		return
	}
	if code != "" {
		failed(span, code)
	}
	span.End()
}

// Run is one run of a job. Traceparent is that of whoever enqueued it; empty for a periodic one.
type Run struct {
	Kind, Queue, Traceparent string
	ID                       int64
	Attempt                  int
}

// Job begins the span of a run, in the trace of whoever enqueued it; done takes done, failed or waits.
func (t *Tracing) Job(ctx context.Context, run Run) (_ context.Context, done func(outcome string)) {
	if from := remembered(run.Traceparent); from.IsValid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, from)
	}
	ctx, span := t.tracer.Start(ctx, "job."+run.Kind, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("job.kind", run.Kind), attribute.String("job.queue", run.Queue),
		attribute.Int64("job.id", run.ID), attribute.Int("job.attempt", run.Attempt)))
	return ctx, func(outcome string) {
		span.SetAttributes(attribute.String("job.outcome", outcome))
		if outcome == "failed" {
			failed(span, outcome)
		}
		span.End()
	}
}

// Transport makes a span of each call to a provider, until its headers are here. The provider is not told of
// our trace, and the span does not have the path, in which ids are, nor the query. Of a nil t it is next.
func (t *Tracing) Transport(next http.RoundTripper) http.RoundTripper {
	if t == nil {
		return next
	}
	return transport{tracing: t, next: next}
}

type transport struct {
	tracing *Tracing
	next    http.RoundTripper
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, span := t.tracing.tracer.Start(r.Context(), "call."+r.Method, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", r.Method), attribute.String("server.address", r.URL.Hostname())))
	defer span.End()
	response, err := t.next.RoundTrip(r.WithContext(ctx))
	switch {
	case err != nil:
		failed(span, "no answer")
	case response.StatusCode >= http.StatusBadRequest:
		failed(span, strconv.Itoa(response.StatusCode))
	}
	if response != nil {
		span.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	}
	return response, err
}

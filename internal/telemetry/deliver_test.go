package telemetry

import (
	"io"
	"testing"

	"go.opentelemetry.io/otel/trace"
)

func TestEventsGoOnInTheTracesThatCausedThemInTheirOrder(t *testing.T) {
	t.Parallel()
	tracing, ended := traced(t)
	var parents []string
	for range 3 {
		ctx, done := tracing.Job(t.Context(), Run{Kind: "test.note"})
		parents = append(parents, Traceparent(ctx))
		done("done")
	}
	operation, done := tracing.Operation(t.Context(), "subscription", "")
	stream := tracing.Stream(operation)
	done("")
	HandOver(stream, parents[0])
	HandOver(stream, "") // replayed
	Delivering(stream)(nil)
	HandOver(stream, parents[1])
	Delivering(stream)(nil)
	Delivering(stream)(io.ErrClosedPipe)
	Delivering(stream)(nil) // no event: an error of the stream

	spans := ended.Ended()[4:]
	if len(spans) != 2 || Traceparent(trace.ContextWithSpanContext(t.Context(), spans[0].Parent())) != parents[0] ||
		Traceparent(trace.ContextWithSpanContext(t.Context(), spans[1].Parent())) != parents[1] {
		t.Fatalf("events: %d %v, want %v", len(spans), spans[0].Parent(), parents)
	}
	if links := spans[0].Links(); len(links) != 1 || !links[0].SpanContext.Equal(trace.SpanContextFromContext(operation)) {
		t.Errorf("links: %v", links)
	}
}

func TestEventThatWasNeverWrittenDoesNotShiftTheOthers(t *testing.T) {
	t.Parallel()
	tracing, ended := traced(t)
	stream := tracing.Stream(t.Context())
	var last string
	for range 100 {
		ctx, done := tracing.Job(t.Context(), Run{Kind: "test.note"})
		last = Traceparent(ctx)
		done("done")
		HandOver(stream, last)
	}
	for range onTheWay + 1 {
		Delivering(stream)(nil)
	}
	events := ended.Ended()[100:]
	if len(events) != onTheWay {
		t.Fatalf("%d events are remembered", len(events))
	}
	if got := Traceparent(trace.ContextWithSpanContext(t.Context(), events[onTheWay-1].Parent())); got != last {
		t.Errorf("the last one is in %s, want %s", got, last)
	}
}

package telemetry

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// onTheWay is how many events of a stream can be: one that is being written, and one that waits for it.
const onTheWay = 2

type deliveriesKey struct{}

// deliveries are the events of one stream on their way to its socket, in order.
type deliveries struct {
	tracing *Tracing
	stream  trace.SpanContext // the operation that subscribed

	mu  sync.Mutex
	way []delivery
}

type delivery struct {
	from trace.SpanContext
	at   time.Time
}

// Stream makes the events of a subscription parts of the traces that caused them. ctx is its operation's.
func (t *Tracing) Stream(ctx context.Context) context.Context {
	return context.WithValue(ctx, deliveriesKey{}, &deliveries{tracing: t, stream: trace.SpanContextFromContext(ctx)})
}

// HandOver is called before an event goes on its way, also for one without a trace. Where no stream is
// traced it does nothing.
func HandOver(ctx context.Context, traceparent string) {
	d, ok := ctx.Value(deliveriesKey{}).(*deliveries)
	if !ok {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.way) == onTheWay { // one was never written: forget it, else each later event would have its trace
		d.way = slices.Delete(d.way, 0, 1)
	}
	d.way = append(d.way, delivery{remembered(traceparent), time.Now()})
}

// Delivering is called before a message of the operation is written, written afterwards: the span of the
// event lasts from the moment when it was handed over. A message that is no event has none.
func Delivering(ctx context.Context) (written func(error)) {
	d, ok := ctx.Value(deliveriesKey{}).(*deliveries)
	if !ok {
		return unseen
	}
	next := d.next()
	if !next.from.IsValid() {
		return unseen
	}
	_, span := d.tracing.tracer.Start(trace.ContextWithRemoteSpanContext(ctx, next.from), "subscription.event",
		trace.WithSpanKind(trace.SpanKindProducer), trace.WithTimestamp(next.at), trace.WithLinks(trace.Link{SpanContext: d.stream}),
		trace.WithAttributes(attribute.String("network.protocol.name", "websocket")))
	return func(err error) {
		if err != nil {
			failed(span, "not written")
		}
		span.End()
	}
}

func unseen(error) {}

func (d *deliveries) next() delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.way) == 0 {
		return delivery{}
	}
	first := d.way[0]
	d.way = slices.Delete(d.way, 0, 1)
	return first
}

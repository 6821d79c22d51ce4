package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// maxValue, in bytes, bounds what one attribute may hold: ours are names, ids and numbers.
const maxValue = 256

// Tracing makes the spans of one process. Nil is tracing that is off: whoever gets a nil one installs
// nothing, so that it costs nothing. No attribute comes from a path, a query, a body, a header, a
// statement's parameter or the text of an error: signatures and what people said are in those.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// NewTracing sends spans to where the standard variables say; nil when they name no collector or switch
// traces off. What else is standard (headers, sampler, batches, resource) OpenTelemetry reads itself out of
// the process's environment; getenv is for what decides here.
func NewTracing(ctx context.Context, getenv func(string) string, version string) (*Tracing, error) {
	if !wanted(getenv) {
		return nil, nil
	}
	if p := firstOf(getenv, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); p != "" && p != "http/protobuf" {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q: traces are sent as http/protobuf only", p)
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the exporter of traces: %w", err)
	}
	// Nothing of the host or the process: a command line may hold a password.
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "switchboard"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Warn("traces cannot be sent", "error", err) }))
	return newTracing(sdk.WithBatcher(exporter), sdk.WithResource(about)), nil
}

func newTracing(options ...sdk.TracerProviderOption) *Tracing {
	limits := sdk.NewSpanLimits()
	limits.AttributeValueLengthLimit = maxValue
	provider := sdk.NewTracerProvider(append(options, sdk.WithRawSpanLimits(limits))...)
	return &Tracing{provider: provider, tracer: provider.Tracer("github.com/switchboard-voice/switchboard")}
}

func wanted(getenv func(string) string) bool {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") || getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return firstOf(getenv, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

func firstOf(getenv func(string) string, names ...string) string {
	for _, name := range names {
		if value := getenv(name); value != "" {
			return value
		}
	}
	return ""
}

// Shutdown sends what has ended and makes no more spans.
func (t *Tracing) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("sending the last traces: %w", err)
	}
	return nil
}

// Traceparent is how a row remembers the span that wrote it; empty where there is none.
func Traceparent(ctx context.Context) string {
	s := trace.SpanContextFromContext(ctx)
	if !s.IsValid() {
		return ""
	}
	return "00-" + s.TraceID().String() + "-" + s.SpanID().String() + "-" + (s.TraceFlags() & trace.FlagsSampled).String()
}

// remembered is what Traceparent wrote. It is not valid when it wrote nothing.
func remembered(traceparent string) trace.SpanContext {
	if traceparent == "" {
		return trace.SpanContext{}
	}
	carrier := propagation.MapCarrier{"traceparent": traceparent}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}

// Apart is ctx outside of its trace, for what only began there.
func Apart(ctx context.Context) context.Context {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx
	}
	return trace.ContextWithSpanContext(ctx, trace.SpanContext{})
}

// traceID is for log lines.
func traceID(ctx context.Context) string {
	if s := trace.SpanContextFromContext(ctx); s.IsValid() {
		return s.TraceID().String()
	}
	return ""
}

// failed marks a span by a word of a closed list: an error's text is for the log, where secrets are masked.
func failed(span trace.Span, word string) {
	span.SetStatus(codes.Error, "")
	if word != "" {
		span.SetAttributes(attribute.String("error.type", word))
	}
}

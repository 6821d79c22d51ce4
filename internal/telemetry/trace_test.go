package telemetry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// traced keeps what ended.
func traced(t *testing.T) (*Tracing, *tracetest.SpanRecorder) {
	t.Helper()
	ended := tracetest.NewSpanRecorder()
	tracing := newTracing(sdk.WithSpanProcessor(ended))
	t.Cleanup(func() {
		if err := tracing.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return tracing, ended
}

func TestTracesAreOnlyWhereTheStandardVariablesSaySo(t *testing.T) {
	t.Parallel()
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"
	for set, want := range map[string]string{
		"":       "off",
		endpoint: "on",
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:4318/v1/traces": "on",
		endpoint + " OTEL_SDK_DISABLED=TRUE":                                 "off",
		endpoint + " OTEL_TRACES_EXPORTER=none":                              "off",
		endpoint + " OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf":              "on",
		endpoint + " OTEL_EXPORTER_OTLP_PROTOCOL=grpc":                       "refused",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc":                                   "off",
	} {
		environ := map[string]string{}
		for v := range strings.FieldsSeq(set) {
			name, value, _ := strings.Cut(v, "=")
			environ[name] = value
		}
		tracing, err := NewTracing(t.Context(), func(name string) string { return environ[name] }, "test")
		got := "off"
		switch {
		case err != nil:
			got = "refused"
		case tracing != nil:
			got = "on"
		}
		if got != want {
			t.Errorf("%q: %s (%v), want %s", set, got, err, want)
		}
		if err := tracing.Shutdown(t.Context()); err != nil {
			t.Errorf("%q: %v", set, err)
		}
	}
}

// Not parallel: it counts allocations. What is measured is all that a request, a statement, a job, an event and
// a log line meet where traces are off.
func TestTracesThatAreOffAllocateNothing(t *testing.T) {
	ctx := WithRequestID(context.Background(), "request-1")
	allocated := testing.AllocsPerRun(100, func() {
		HandOver(ctx, "")
		Delivering(Apart(ctx))(nil)
		if Traceparent(ctx) != "" || traceID(ctx) != "" {
			t.Error("a trace out of nothing")
		}
	})
	if allocated != 0 {
		t.Errorf("%v allocations", allocated)
	}
	if next := http.DefaultTransport; (*Tracing)(nil).Transport(next) != next {
		t.Error("calls go a longer way")
	}
}

func TestStrangersTraceIsLinkedNotJoined(t *testing.T) {
	t.Parallel()
	tracing, ended := traced(t)
	const theirs = "0af7651916cd43dd8448eb211c80319c"
	headers := http.Header{"Traceparent": {"00-" + theirs + "-b7ad6b7169203331-01"}, "Tracestate": {"vendor=hunter2"}}
	ctx, done := tracing.Request(t.Context(), headers)
	done(http.MethodGet, "/download/{file}", http.StatusOK)

	span := ended.Ended()[0]
	if traceID(ctx) == theirs || span.Parent().IsValid() {
		t.Error("the request is in a trace that a stranger named")
	}
	if links := span.Links(); len(links) != 1 || links[0].SpanContext.TraceID().String() != theirs || links[0].SpanContext.TraceState().Len() != 0 {
		t.Errorf("links: %v", span.Links())
	}
	if span.Name() != "GET /download/{file}" {
		t.Errorf("name %q", span.Name())
	}
}

func TestJobRunsInTheTraceOfWhoEnqueuedIt(t *testing.T) {
	t.Parallel()
	tracing, ended := traced(t)
	ctx, done := tracing.Request(t.Context(), nil)
	parent := Traceparent(ctx)
	done(http.MethodPost, "/graphql", http.StatusOK)
	for traceparent, joined := range map[string]bool{parent: true, "": false, "garbage": false, "00-00000000000000000000000000000000-0000000000000000-00": false} {
		run, done := tracing.Job(t.Context(), Run{Kind: "test.note", Traceparent: traceparent})
		done("done")
		if same := traceID(run) == traceID(ctx); same != joined || traceID(run) == "" {
			t.Errorf("%q: in the same trace %t", traceparent, same)
		}
	}
	if n := len(ended.Ended()); n != 5 {
		t.Errorf("%d spans", n)
	}
}

func TestStatementOutsideOfASpanHasNone(t *testing.T) {
	t.Parallel()
	tracing, ended := traced(t)
	tracing.StatementDone(tracing.Statement(t.Context(), "Nobodys"), "")
	ctx, done := tracing.Operation(t.Context(), "query", strings.Repeat("n", 1000))
	tracing.StatementDone(tracing.Statement(ctx, "GetNote"), "23505")
	done("")
	tracing.StatementDone(tracing.Statement(ctx, "TooLate"), "")
	if n := names(ended); !slices.Equal(n, []string{"sql.GetNote", "graphql.query"}) {
		t.Errorf("spans: %v", n)
	}
	for _, a := range ended.Ended()[1].Attributes() {
		if len(a.Value.AsString()) > maxName {
			t.Errorf("%s has %d bytes", a.Key, len(a.Value.AsString()))
		}
	}
}

func names(ended *tracetest.SpanRecorder) (list []string) {
	for _, s := range ended.Ended() {
		list = append(list, s.Name())
	}
	return list
}

// answers is a provider.
type answers func(*http.Request) (*http.Response, error)

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

func TestCallToAProviderIsSeenWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	tracing, ended := traced(t)
	for status, broken := range map[int]error{200: nil, 503: nil, 0: errors.New("dialing " + secret)} {
		client := &http.Client{Transport: tracing.Transport(answers(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("Traceparent") != "" {
				t.Error("the provider is told of our trace")
			}
			if broken != nil {
				return nil, broken
			}
			return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
		}))}
		response, err := client.Get("https://api.example.com/v2/" + secret + "?key=" + secret)
		if (err != nil) != (broken != nil) {
			t.Fatal(err)
		}
		if err == nil {
			_ = response.Body.Close()
		}
	}
	for _, s := range ended.Ended() {
		for _, a := range s.Attributes() {
			if strings.Contains(a.Value.String(), secret) {
				t.Errorf("%s of %s has a secret", a.Key, s.Name())
			}
		}
		if len(s.Events()) > 0 || strings.Contains(s.Status().Description+s.Name(), secret) {
			t.Errorf("%s tells what was wrong: %v", s.Name(), s.Status())
		}
	}
	if n := len(ended.Ended()); n != 3 {
		t.Errorf("%d spans", n)
	}
}

func TestLineOfATraceHasItsIDAndASocketIsApartOfIt(t *testing.T) {
	t.Parallel()
	tracing, _ := traced(t)
	ctx, done := tracing.Request(t.Context(), nil)
	defer done(http.MethodGet, "/graphql", http.StatusSwitchingProtocols)
	var out bytes.Buffer
	log := Logger(&out, "json", slog.LevelInfo)
	log.InfoContext(ctx, "inside")
	log.InfoContext(Apart(ctx), "outside")
	inside, outside, _ := strings.Cut(out.String(), "\n")
	if !strings.Contains(inside, `"trace_id":"`+traceID(ctx)+`"`) || strings.Contains(outside, "trace_id") {
		t.Error(out.String())
	}
}

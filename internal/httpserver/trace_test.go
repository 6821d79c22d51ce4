package httpserver

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// Not parallel: it counts allocations.
func TestRequestCostsNoAllocationMoreWhereTracesAreOff(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
	for name, h := range map[string]struct {
		handlers Handlers
		path     string
	}{
		"off":       {Handlers{}, "/graphql"},
		"a probe":   {Handlers{Traces: &telemetry.Tracing{}}, readyPath},
		"and alive": {Handlers{Traces: &telemetry.Tracing{}}, healthPath},
	} {
		r.URL.Path = h.path
		ctx := r.Context()
		allocated := testing.AllocsPerRun(100, func() {
			traced, done := h.handlers.trace(ctx, r)
			done(verb(r), route(r), http.StatusOK)
			if traced != ctx {
				t.Error("the request has another context")
			}
		})
		if allocated != 0 {
			t.Errorf("%s: %v allocations", name, allocated)
		}
	}
}

// BenchmarkRequest is what a request costs around its handler where traces are off.
func BenchmarkRequest(b *testing.B) {
	answers := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	handler := Routes(Handlers{GraphQL: answers, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	r := httptest.NewRequest(http.MethodPost, "/graphql", http.NoBody).WithContext(context.Background())
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
}

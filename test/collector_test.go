package test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// collector takes traces as any collector of OpenTelemetry does, and keeps them.
type collector struct {
	t   *testing.T
	url string

	mu       sync.Mutex
	raw      bytes.Buffer
	spans    []*trace.Span
	services map[string]bool
}

func startCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{t: t, services: map[string]bool{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var in collect.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &in) != nil {
		c.t.Errorf("traces cannot be read: %s %v", r.URL.Path, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	for _, resource := range in.ResourceSpans {
		for _, a := range resource.Resource.Attributes {
			if a.Key == "service.name" {
				c.services[a.Value.GetStringValue()] = true
			}
		}
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// all is what came so far.
func (c *collector) all() (spans []*trace.Span, raw string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(spans, c.spans...), c.raw.String()
}

// named finds the spans of a name, in one trace where one is given.
func (c *collector) named(name, traceID string) (found []*trace.Span) {
	spans, _ := c.all()
	for _, s := range spans {
		if s.Name == name && (traceID == "" || hex.EncodeToString(s.TraceId) == traceID) {
			found = append(found, s)
		}
	}
	return found
}

// ancestors are the names of the spans above one, the root last.
func (c *collector) ancestors(of *trace.Span) (names []string) {
	spans, _ := c.all()
	for parent := of.ParentSpanId; len(parent) > 0; {
		above := parent
		parent = nil
		for _, s := range spans {
			if bytes.Equal(s.SpanId, above) {
				names, parent = append(names, s.Name), s.ParentSpanId
			}
		}
	}
	return names
}

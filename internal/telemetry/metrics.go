package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the numbers of one process. Every label comes from a closed list of ours: a label that a
// client could choose, like the name of an operation, would let it fill our memory and Prometheus's.
type Metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.HistogramVec
	operations *prometheus.CounterVec
	jobs       *prometheus.HistogramVec
	webhooks   *prometheus.CounterVec
	handled    *prometheus.HistogramVec
	calls      *prometheus.CounterVec
	statements prometheus.Counter
}

// buckets, in seconds, are dense where a person begins to notice and end where requests are cut off.
func buckets() []float64 {
	return []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
}

// NewMetrics makes a registry with our metrics and those of Go and the process.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry:   prometheus.NewRegistry(),
		requests:   histogram("http_request_seconds", "HTTP requests by route and status, until the answer was written.", "route", "status"),
		operations: counter("graphql_operations_total", "GraphQL operations that began, by kind: query, mutation or subscription.", "kind"),
		jobs:       histogram("job_run_seconds", "Runs of jobs by kind and outcome.", "kind", "outcome"),
		webhooks:   counter("webhooks_total", "Webhooks by source and outcome: new, again, forged or lost.", "source", "outcome"),
		handled:    histogram("webhook_handled_seconds", "Runs of webhooks by source and outcome, processed, retrying or failed, since each was enqueued.", "source", "outcome"),
		calls:      counter("calls_ended_total", "Calls that ended, by direction and the status in which they did.", "direction", "status"),
		statements: prometheus.NewCounter(prometheus.CounterOpts{Name: "switchboard_sql_statements_total", Help: "Statements sent to the database."}),
	}
	for _, direction := range []string{"INBOUND", "OUTBOUND"} { // there from the start: an increase from nothing is none
		for _, status := range []string{"COMPLETED", "FAILED", "NO_ANSWER", "BUSY", "CANCELED"} {
			m.calls.WithLabelValues(direction, status)
		}
	}
	m.registry.MustRegister(m.requests, m.operations, m.jobs, m.webhooks, m.handled, m.calls, m.statements,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "switchboard_" + name, Help: help, Buckets: buckets()}, labels)
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "switchboard_" + name, Help: help}, labels)
}

// Request counts an answered HTTP request; route is a pattern, never a path.
func (m *Metrics) Request(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// Operation counts a GraphQL operation: kind is query, mutation or subscription.
func (m *Metrics) Operation(kind string) { m.operations.WithLabelValues(kind).Inc() }

// Job counts a run of a job: outcome is done, failed, waits or lost.
func (m *Metrics) Job(kind, outcome string, took time.Duration) {
	m.jobs.WithLabelValues(kind, outcome).Observe(took.Seconds())
}

// Webhook counts what came in.
func (m *Metrics) Webhook(source, outcome string) { m.webhooks.WithLabelValues(source, outcome).Inc() }

// CallEnded counts a call that is over.
func (m *Metrics) CallEnded(direction, status string) {
	m.calls.WithLabelValues(direction, status).Inc()
}

// Handled counts a run of a webhook: outcome is processed, retrying or failed, after how long it was since
// the webhook was enqueued.
func (m *Metrics) Handled(source, outcome string, after time.Duration) {
	m.handled.WithLabelValues(source, outcome).Observe(after.Seconds())
}

// Statement counts a statement, for the process and for the request that it belongs to.
func (m *Metrics) Statement(ctx context.Context) {
	m.statements.Inc()
	CountStatement(ctx)
}

// Handler answers a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

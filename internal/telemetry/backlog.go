package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Backlog is what waits in the database at one moment; every process would say the same.
type Backlog struct {
	Inbox []SourceBacklog
	Jobs  []JobCount
}

// SourceBacklog is what waits of one source of webhooks.
type SourceBacklog struct {
	Source      string
	Lag         time.Duration // the age of the oldest webhook that waits
	DeadLetters int           // webhooks that were given up
}

// JobCount is how many jobs of a queue are in a state.
type JobCount struct {
	Queue, State string
	Jobs         int
}

const (
	// backlogTimeout leaves a scrape, which has 10 s, the time to show everything else.
	backlogTimeout = 3 * time.Second
	// backlogFresh is how long an answer is shown again: whoever scrapes how often asks the database no more.
	backlogFresh = 5 * time.Second
)

// Backlog has the backlog read at a scrape. When that fails its metrics are missing from the scrape, but for
// the one that says so. It is called once.
func (m *Metrics) Backlog(read func(context.Context) (Backlog, error)) {
	m.registry.MustRegister(&backlog{
		read: read,
		up:   prometheus.NewDesc("switchboard_backlog_up", "Whether the backlog could be read from the database: 1 or 0.", nil, nil),
		lag:  prometheus.NewDesc("switchboard_inbox_lag_seconds", "The age of the oldest webhook that waits to be processed, by source; 0 when none does.", []string{"source"}, nil),
		dead: prometheus.NewDesc("switchboard_inbox_dead_letters", "Webhooks that were given up and wait for somebody, by source.", []string{"source"}, nil),
		jobs: prometheus.NewDesc("switchboard_jobs", "Jobs by queue and state: available, retryable, scheduled or running.", []string{"queue", "state"}, nil),
	})
}

type backlog struct {
	read                func(context.Context) (Backlog, error)
	up, lag, dead, jobs *prometheus.Desc

	mu   sync.Mutex
	last Backlog
	at   time.Time // of last; zero before the first
}

func (b *backlog) Describe(to chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{b.up, b.lag, b.dead, b.jobs} {
		to <- desc
	}
}

func (b *backlog) Collect(to chan<- prometheus.Metric) {
	now, err := b.now()
	if err != nil {
		slog.Warn("reading the backlog for a scrape failed", "error", err)
		to <- prometheus.MustNewConstMetric(b.up, prometheus.GaugeValue, 0)
		return
	}
	to <- prometheus.MustNewConstMetric(b.up, prometheus.GaugeValue, 1)
	for _, s := range now.Inbox {
		to <- prometheus.MustNewConstMetric(b.lag, prometheus.GaugeValue, s.Lag.Seconds(), s.Source)
		to <- prometheus.MustNewConstMetric(b.dead, prometheus.GaugeValue, float64(s.DeadLetters), s.Source)
	}
	for _, c := range now.Jobs {
		to <- prometheus.MustNewConstMetric(b.jobs, prometheus.GaugeValue, float64(c.Jobs), c.Queue, c.State)
	}
}

// now holds the lock while it asks: scrapes at the same time share one question.
func (b *backlog) now() (Backlog, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.at) < backlogFresh {
		return b.last, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), backlogTimeout)
	defer cancel()
	found, err := b.read(ctx)
	if err != nil {
		return Backlog{}, err
	}
	b.last, b.at = found, time.Now()
	return found, nil
}

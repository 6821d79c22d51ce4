package telemetry_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

func TestAScrapeShowsWhatWaits(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	m.Backlog(func(context.Context) (telemetry.Backlog, error) {
		return telemetry.Backlog{Inbox: []telemetry.SourceBacklog{{Source: "STRIPE", Lag: 90 * time.Second, DeadLetters: 2}}, Jobs: []telemetry.JobCount{{Queue: "work", State: "available", Jobs: 7}}}, nil
	})
	scraped := scrape(t, m)
	for _, want := range []string{
		`switchboard_backlog_up 1`, `switchboard_inbox_lag_seconds{source="STRIPE"} 90`, `switchboard_inbox_dead_letters{source="STRIPE"} 2`,
		`switchboard_jobs{queue="work",state="available"} 7`,
	} {
		if !strings.Contains(scraped, "\n"+want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestAScrapeWhileTheDatabaseIsAwayShowsTheRestAndThatItIsAway(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	m.Operation("query")
	m.Backlog(func(context.Context) (telemetry.Backlog, error) { return telemetry.Backlog{}, errors.New("away") })
	scraped := scrape(t, m)
	if !strings.Contains(scraped, "\nswitchboard_backlog_up 0\n") || strings.Contains(scraped, "switchboard_inbox_lag_seconds") || !strings.Contains(scraped, "switchboard_graphql_operations_total") {
		t.Errorf("scraped:\n%s", scraped)
	}
}

func TestManyScrapesAtOnceAskTheDatabaseOnce(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	var asked atomic.Int32
	m.Backlog(func(ctx context.Context) (telemetry.Backlog, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the question has no end")
		}
		asked.Add(1)
		return telemetry.Backlog{}, nil
	})
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { scrape(t, m) })
	}
	all.Wait()
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

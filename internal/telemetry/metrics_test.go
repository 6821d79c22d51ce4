package telemetry_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

func TestAScrapeShowsWhatHappened(t *testing.T) {
	t.Parallel()
	m := telemetry.NewMetrics()
	m.Request("/graphql", http.StatusOK, 3*time.Millisecond)
	m.Request("/graphql", http.StatusOK, time.Minute)
	m.Operation("query")
	m.Webhook("ASSEMBLYAI", "new")
	m.Job("inbox.deliver", "done", time.Second)
	ctx, statements := telemetry.WithStatements(t.Context())
	m.Statement(ctx)
	m.Sockets(func() telemetry.SocketStats {
		return telemetry.SocketStats{Sockets: 3, Operations: 4, Opened: 5, Refused: 6, Cut: 7}
	})

	scraped := scrape(t, m)
	for _, want := range []string{
		`switchboard_http_request_seconds_bucket{route="/graphql",status="200",le="0.005"} 1`,
		`switchboard_http_request_seconds_count{route="/graphql",status="200"} 2`,
		`switchboard_graphql_operations_total{kind="query"} 1`,
		`switchboard_webhooks_total{outcome="new",source="ASSEMBLYAI"} 1`,
		`switchboard_job_run_seconds_sum{kind="inbox.deliver",outcome="done"} 1`,
		`switchboard_sql_statements_total 1`,
		`switchboard_sockets_open 3`,
		`switchboard_socket_operations 4`,
		`switchboard_sockets_total{outcome="opened"} 5`,
		`switchboard_sockets_total{outcome="refused"} 6`,
		`switchboard_sockets_total{outcome="cut"} 7`,
		`go_goroutines `,
		`process_resident_memory_bytes `,
	} {
		if !strings.Contains(scraped, "\n"+want) {
			t.Errorf("%s is missing", want)
		}
	}
	if statements.Count() != 1 {
		t.Errorf("%d statements of the request, want 1", statements.Count())
	}
}

func TestTwoProcessesInOneTestDoNotShareNumbers(t *testing.T) {
	t.Parallel()
	one, two := telemetry.NewMetrics(), telemetry.NewMetrics()
	one.Operation("mutation")
	if strings.Contains(scrape(t, two), `kind="mutation"`) {
		t.Error("the other registry counted too")
	}
}

func scrape(t *testing.T, m *telemetry.Metrics) string {
	t.Helper()
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

package test

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

// traced starts a program that sends its traces to a collector, soon.
func traced(t *testing.T) (*app, *collector) {
	t.Helper()
	c := startCollector(t)
	return start(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url, "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_EXPORTER_OTLP_HEADERS=x-collector=of-the-collector"), c
}

// completeOnTheScreen transcribes, waits until the subscription brought an event, and knocks then: what
// follows is live.
func (p *person) completeOnTheScreen() (id string) {
	p.t.Helper()
	a := p.app
	a.provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
	id = p.transcribe()
	eventually(p.t, "the provider to have it", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.transcription_submissions WHERE provider_id IS NOT NULL") == 1
	})
	knocked := false
	err := p.Subscribe(within(p.t), watchStatus, vars{"id": id, "after": nil}, func(json.RawMessage) error {
		if knocked {
			return nil
		}
		knocked = true
		body, _ := json.Marshal(vars{"transcript_id": a.providerID(id), "status": "completed"})
		if status := a.knock("", string(body), &a.secrets.webhook); status != http.StatusOK {
			p.t.Errorf("webhook: %d", status)
		}
		return nil
	})
	if err != nil {
		p.t.Fatalf("following: %v", err)
	}
	p.becomes(id, "COMPLETED")
	return id
}

func TestOneTraceFollowsAWebhookToTheSocket(t *testing.T) {
	t.Parallel()
	a, c := traced(t)
	a.person("ours", "OPERATOR").completeOnTheScreen()
	if err := a.stop(); err != nil { // sends what is left
		t.Fatal(err)
	}

	events := c.named("subscription.event", "")
	if len(events) == 0 {
		t.Fatal("no event was traced")
	}
	last := events[len(events)-1]
	id := hex.EncodeToString(last.TraceId)
	for _, name := range []string{"POST /api/webhooks/{source}", "sql.KeepWebhookEvents", "job.inbox.deliver", "call.GET", "sql.RecordActivity", "sql.COMMIT"} {
		if len(c.named(name, id)) == 0 {
			t.Errorf("the trace of the event has no %s", name)
		}
	}
	if above := c.ancestors(last); !slices.Equal(above, []string{"job.inbox.deliver", "POST /api/webhooks/{source}"}) {
		t.Errorf("above the event: %v", above)
	}
	if call := c.named("call.GET", id)[0]; !slices.Equal(c.ancestors(call), []string{"job.inbox.deliver", "POST /api/webhooks/{source}"}) {
		t.Errorf("above the provider's call: %v", c.ancestors(call))
	}
	subscriptions := c.named("graphql.subscription", "")
	if len(last.Links) != 1 || len(subscriptions) != 1 || string(last.Links[0].SpanId) != string(subscriptions[0].SpanId) {
		t.Errorf("the event is not linked to its subscription: %v", last.Links)
	}
	if !c.services["switchboard"] {
		t.Errorf("service names: %v", c.services)
	}
	if !strings.Contains(a.output.String(), `"trace_id":"`+id+`"`) {
		t.Error("no log line has the id of the trace")
	}
}

func TestMutationIsTracedToItsJobAndNoFieldIs(t *testing.T) {
	t.Parallel()
	a, c := traced(t)
	p := a.person("ours", "OPERATOR")
	p.completeOnTheScreen()
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	jobs := c.named("job.transcription.submit", "")
	if len(jobs) == 0 {
		t.Fatal("no submission was traced")
	}
	if above := c.ancestors(jobs[0]); !slices.Equal(above, []string{"graphql.mutation", "POST /graphql"}) {
		t.Errorf("above the job: %v", above)
	}
	if len(c.named("call.POST", hex.EncodeToString(jobs[0].TraceId))) == 0 {
		t.Error("the submission to the provider is not in its trace")
	}
	spans, _ := c.all()
	for _, s := range spans {
		kind, _, _ := strings.Cut(s.Name, ".")
		method, _, routed := strings.Cut(s.Name, " ")
		known := slices.Contains([]string{"graphql", "sql", "job", "call", "subscription"}, kind) || routed && method == strings.ToUpper(method)
		if !known || strings.HasPrefix(s.Name, "GET /ready") {
			t.Errorf("a span %q", s.Name)
		}
	}
}

func TestNoSecretIsInATrace(t *testing.T) {
	t.Parallel()
	a, c := traced(t)
	p := a.person("ours", "OPERATOR")
	id := p.completeOnTheScreen()
	if _, err := p.Download(within(t), id, "TEXT"); err != nil {
		t.Fatal(err)
	}
	forged := "forged-" + a.secrets.auth
	if status := a.knock("?token="+forged, "{}", &forged); status != http.StatusUnauthorized {
		t.Errorf("a forged webhook is answered with %d", status)
	}
	_ = get(t, a.url+"/download/"+forged+"?signature="+forged)
	a.provider.SetFaults(assemblyai.Faults{})
	if err := p.Do(within(t), `query Who($id: ID!) { transcription(id: $id) { id text: `+forged[:6]+` } }`, vars{"id": forged}, nil); err == nil {
		t.Error("a field that is none is answered")
	}
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}

	spans, raw := c.all()
	if len(spans) < 20 || len(c.named("GET /download/{file}", "")) == 0 {
		t.Fatalf("%d spans only", len(spans))
	}
	for name, secret := range map[string]string{
		"session secret": a.secrets.auth, "webhook secret": a.secrets.webhook, "provider's key": a.secrets.provider, "token": p.token,
		"what was said": "morning", "a signature": "signature=", "a link's expiry": "expires=", "an e-mail address": "@example.com",
		"the collector's header": "of-the-collector", "an SQL text": "WHERE", "the id of a user": p.user.String(),
	} {
		if strings.Contains(raw, secret) {
			t.Errorf("%s is in a trace", name)
		}
	}
	if strings.Contains(a.output.String(), "of-the-collector") {
		t.Error("the collector's header is in the log")
	}
}

func TestWithoutACollectorNothingIsWrittenForTraces(t *testing.T) {
	t.Parallel()
	a := start(t)
	a.person("ours", "OPERATOR").completeOnTheScreen()
	if n := a.rows(`SELECT count(*) FROM switchboard.activity_events WHERE traceparent IS NOT NULL`); n != 0 {
		t.Errorf("%d events have a trace", n)
	}
	if n := a.rows(`SELECT count(*) FROM river.river_job WHERE metadata ? 'traceparent'`); n != 0 {
		t.Errorf("%d jobs have a trace", n)
	}
	if strings.Contains(a.output.String(), "trace_id") {
		t.Error("a log line has the id of a trace")
	}
}

func TestCollectorThatIsAwayHindersNobody(t *testing.T) {
	t.Parallel()
	a := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://user:hunter2@127.0.0.1:1", "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_EXPORTER_OTLP_TIMEOUT=200")
	a.person("ours", "OPERATOR").completeOnTheScreen()
	if err := a.stop(); err != nil {
		t.Errorf("exit: %v", err)
	}
	if strings.Contains(a.output.String(), "hunter2") {
		t.Error("the collector's password is in the log")
	}
}

package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/inbox"
)

// knocked is a WebhookEvent as an admin sees it.
type knocked struct {
	ID, Source, Type, Status string
	ExternalID               *string
	Attempts                 int
	Error, Note              *string
	NextAttemptAt            *time.Time
	Subject                  *struct{ ID string }
	ResolvedBy               *struct{ User struct{ ID string } }
	Content                  *struct {
		Headers []struct{ Name, Value string }
		Query   map[string]any
		Payload json.RawMessage
	}
}

const knockedFields = `id source type externalId status attempts error note nextAttemptAt subject { id } resolvedBy { user { id } }`

// webhooks are an organization's, as the filter has them.
func (p *person) webhooks(filter vars) []knocked {
	p.t.Helper()
	var out struct {
		Organization struct {
			WebhookInbox struct{ Nodes []knocked }
		}
	}
	p.must(`query($s: String!, $f: WebhookEventFilter) { organization(slug: $s) { webhookInbox(first: 100, filter: $f) { nodes { `+knockedFields+` } } } }`,
		vars{"s": p.slug, "f": filter}, &out)
	return out.Organization.WebhookInbox.Nodes
}

const webhookEventResolve = `mutation($in: WebhookEventResolveInput!) { webhookEventResolve(input: $in) {
	events { id status note } userErrors { code message path } } }`

func (p *person) resolve(action string, note any, events ...string) vars {
	return vars{"in": vars{"organizationId": p.organization.String(), "ids": append([]string{}, events...), "action": action, "note": note}}
}

// kept puts an event into an organization's inbox, as old as it is said to be.
func (a *app) kept(of *person, source, status, externalID string, age time.Duration) (id string) {
	a.t.Helper()
	event := uuid.Must(uuid.NewV7())
	a.exec(`INSERT INTO switchboard.webhook_events (id, source, dedupe_key, type, external_id, organization_id, query, headers, body, status, received_at, processed_at)
		VALUES ($1::uuid, $2, sha256($7::bytea), 'recording', $3, $4, 'call=1&token=s3cret', '{"Content-Type": ["application/x-www-form-urlencoded"], "X-Signalwire-Signature": ["s3cret"]}',
			convert_to('RecordingSid=r1&From=%2B15551234567&RecordingUrl=https%3A%2F%2Fexample.signalwire.com%2Fs3cret.wav', 'UTF8'), $5::text, now() - $6::interval, CASE WHEN $5::text IN ('PROCESSED', 'DISCARDED') THEN now() END)`,
		event, source, externalID, of.organization.UUID, status, age, event[:])
	return ids.Of(ids.Webhook, event).String()
}

func idsOf(list []knocked) (out []string) {
	for _, k := range list {
		out = append(out, k.ID)
	}
	slices.Sort(out)
	return out
}

func sorted(list ...string) []string {
	slices.Sort(list)
	return list
}

func TestAdminsFindTheWebhooksOfTheirOrganizationAndNoOther(t *testing.T) {
	t.Parallel()
	a := start(t)
	admin, other := a.person("ours", "ADMIN"), a.person("theirs", "OWNER")
	done := a.kept(admin, "SIGNALWIRE", "PROCESSED", "call-1", time.Hour)
	dead := a.kept(admin, "SIGNALWIRE", "FAILED", "Call-2", 48*time.Hour)
	gone := a.kept(admin, "ASSEMBLYAI", "DISCARDED", "100%_sure", 24*time.Hour)
	foreign := a.kept(other, "SIGNALWIRE", "FAILED", "call-1", time.Hour)
	call, theirs := admin.rung("COMPLETED", theirNumber, time.Minute), other.rung("COMPLETED", theirNumber, time.Minute)
	a.exec(`UPDATE switchboard.webhook_events SET subject_kind = 'call', subject_id = CASE id WHEN $1 THEN $2::uuid ELSE $3 END WHERE id IN ($1, $4)`, idOf(t, done), idOf(t, call), idOf(t, theirs), idOf(t, dead))
	for _, k := range admin.webhooks(nil) {
		if about := k.Subject; (about != nil) != (k.ID == done) || about != nil && about.ID != call {
			t.Errorf("%s is shown to be about %+v", k.ID, about)
		}
	}
	now := time.Now()
	for name, c := range map[string]struct {
		filter vars
		want   []string
	}{
		"all":       {nil, sorted(done, dead, gone)},
		"source":    {vars{"sources": []string{"ASSEMBLYAI"}}, sorted(gone)},
		"status":    {vars{"statuses": []string{"FAILED", "PROCESSED"}}, sorted(done, dead)},
		"after":     {vars{"receivedAfter": now.Add(-30 * time.Hour).Format(time.RFC3339)}, sorted(done, gone)},
		"between":   {vars{"receivedAfter": now.Add(-30 * time.Hour).Format(time.RFC3339), "receivedBefore": now.Add(-2 * time.Hour).Format(time.RFC3339)}, sorted(gone)},
		"search":    {vars{"search": "CALL-"}, sorted(done, dead)},
		"literal":   {vars{"search": "%_"}, sorted(gone)},
		"nothing":   {vars{"search": "call-1", "statuses": []string{"FAILED"}}, nil},
		"of theirs": {vars{"search": strings.TrimPrefix(foreign, "whk_")}, nil},
	} {
		if got := idsOf(admin.webhooks(c.filter)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	var page struct {
		Organization struct {
			WebhookInbox struct {
				Edges []struct {
					Cursor string
					Node   knocked
				}
				PageInfo struct{ HasNextPage bool }
			}
		}
	}
	var walked []string
	for after := (*string)(nil); ; after = &page.Organization.WebhookInbox.Edges[0].Cursor {
		admin.must(`query($a: String) { organization(slug: "ours") { webhookInbox(first: 1, after: $a) { edges { cursor node { id } } pageInfo { hasNextPage } } } }`, vars{"a": after}, &page)
		walked = append(walked, page.Organization.WebhookInbox.Edges[0].Node.ID)
		if !page.Organization.WebhookInbox.PageInfo.HasNextPage {
			break
		}
	}
	if !slices.Equal(walked, []string{gone, dead, done}) {
		t.Errorf("page by page: %v", walked)
	}
	if code := a.person("ours", "OPERATOR").fails(`{ organization(slug: "ours") { webhookInbox { nodes { id } } } }`, nil); code != "FORBIDDEN" {
		t.Errorf("an operator: %s", code)
	}
}

func TestEverySourceOfTheInboxIsNamedAndCanBeAskedFor(t *testing.T) {
	t.Parallel()
	a := start(t)
	admin := a.person("ours", "ADMIN")
	for _, source := range []inbox.SourceName{inbox.AssemblyAI, inbox.SignalWire, inbox.Stripe} {
		a.kept(admin, string(source), "PROCESSED", "x", 0)
		if got := admin.webhooks(vars{"sources": []string{string(source)}}); len(got) != 1 || got[0].Source != string(source) {
			t.Errorf("%s: %+v", source, got)
		}
	}
}

func TestWhatWasSentIsShownToAdminsWithoutWhatGivesSomethingAway(t *testing.T) {
	t.Parallel()
	a := start(t)
	admin, operator := a.person("ours", "ADMIN"), a.person("ours", "OPERATOR")
	id := a.kept(admin, "SIGNALWIRE", "FAILED", "call-1", 0)
	a.exec(`UPDATE switchboard.webhook_events SET error = 'Get "https://example.com/s3cret": dial tcp 10.0.0.1:443: refused'`)
	const see = `query($id: ID!) { node(id: $id) { ... on WebhookEvent { ` + knockedFields + ` content { headers { name value } query payload } } } }`
	var out struct{ Node *knocked }
	admin.must(see, vars{"id": id}, &out)
	k := out.Node
	if k == nil || k.Content == nil || *k.Error != `Get "https://example.com/[redacted]": dial tcp [redacted]: refused` {
		t.Fatalf("%+v", k)
	}
	var payload map[string]string
	if err := json.Unmarshal(k.Content.Payload, &payload); err != nil {
		t.Fatal(err)
	}
	whole := fmt.Sprint(k.Content.Headers, k.Content.Query, payload)
	if strings.Contains(whole, "s3cret") || payload["From"] != "+15551234567" || payload["RecordingUrl"] != "https://example.signalwire.com/[redacted]" || k.Content.Query["call"] != "1" || len(k.Content.Headers) != 2 {
		t.Errorf("%s", whole)
	}
	operator.must(see, vars{"id": id}, &out)
	if out.Node != nil {
		t.Errorf("an operator sees %+v", out.Node)
	}
	a.exec(`UPDATE switchboard.webhook_events SET body = decode(repeat('61', 65537), 'hex')`)
	admin.must(see, vars{"id": id}, &out)
	if out.Node == nil || out.Node.Content != nil {
		t.Errorf("too large to be shown: %+v", out.Node)
	}
}

func TestInboxCostsTheSameStatementsHoweverManyRows(t *testing.T) {
	t.Parallel()
	a := start(t)
	admin := a.person("ours", "ADMIN")
	for i := range 30 {
		event, call := a.kept(admin, "SIGNALWIRE", "FAILED", "call-1", 0), admin.rung("COMPLETED", theirNumber, time.Minute)
		a.exec(`UPDATE switchboard.webhook_events SET subject_kind = 'call', subject_id = $2 WHERE id = $1`, idOf(t, event), idOf(t, call))
		if i%2 == 1 { // each second one is about a recording, so that ten rows cost what thirty do
			admin.transcribed(call)
			a.exec(`UPDATE switchboard.webhook_events SET subject_kind = 'rec', subject_id = (SELECT id FROM switchboard.recordings WHERE call_id = $2) WHERE id = $1`, idOf(t, event), idOf(t, call))
		}
	}
	a.exec(`UPDATE switchboard.webhook_events SET status = 'DISCARDED', processed_at = now(), note = 'x', resolved_by = $1`, admin.user)
	var counts []int
	for _, rows := range []int{2, 10, 30} {
		id := uuid.NewString()
		query := fmt.Sprintf(`{"query":"{ organization(slug: \"ours\") { webhookInbox(first: %d) { nodes { id nextAttemptAt subject { ... on Call { status } ... on Recording { size: sizeBytes } } content { payload } resolvedBy { user { email } } } } } }"}`, rows)
		response, text := a.post(query, http.Header{"Authorization": {"Bearer " + admin.token}, "X-Request-Id": {id}})
		if response.StatusCode != 200 || strings.Contains(text, `"errors"`) || strings.Count(text, "RecordingSid") != rows || strings.Count(text, `"size"`) != rows/2 {
			t.Fatalf("%d rows: %d %.300s", rows, response.StatusCode, text)
		}
		counts = append(counts, a.statements(id))
	}
	if counts[0] != counts[2] || counts[1] != counts[2] || counts[2] > 9 { // session, organization, page, which are open, their jobs, calls, recordings, contents, users
		t.Errorf("statements: %v", counts)
	}
}

func TestAdminRetriesWhatFailedOnceItsCauseIsGoneAndDiscardsTheRest(t *testing.T) {
	t.Parallel()
	a := start(t, "TRANSCRIPTION_CHECK_AFTER=1h")
	admin := a.person("ours", "ADMIN")
	a.provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
	id := admin.transcribe()
	admin.becomes(id, "PROCESSING")
	a.provider.SetFaults(assemblyai.Faults{On: "get", Fail5xx: 1000})
	a.knock("", fmt.Sprintf(`{"transcript_id":%q,"status":"completed"}`, a.providerID(id)), &a.secrets.webhook)
	due := time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)
	eventually(t, "the first try to fail, and the next to be told", func() bool {
		a.exec("UPDATE river.river_job SET scheduled_at = $1 WHERE kind = 'inbox.deliver' AND state = 'retryable'", due)
		waits := admin.webhooks(vars{"statuses": []string{"RETRYING"}})
		return len(waits) == 1 && waits[0].NextAttemptAt != nil && waits[0].NextAttemptAt.Equal(due) && waits[0].Subject != nil && waits[0].Subject.ID == id
	})
	a.exec(`UPDATE river.river_job SET max_attempts = attempt + 1, scheduled_at = now() WHERE kind = 'inbox.deliver'`)
	var dead []knocked
	eventually(t, "it to be given up", func() bool { dead = admin.webhooks(vars{"statuses": []string{"FAILED"}}); return len(dead) == 1 })
	if dead[0].NextAttemptAt != nil {
		t.Errorf("one that was given up is to be tried at %s", dead[0].NextAttemptAt)
	}
	a.provider.SetFaults(assemblyai.Faults{})

	other, foreign := a.kept(admin, "SIGNALWIRE", "FAILED", "call-1", 0), a.kept(a.person("theirs", "OWNER"), "SIGNALWIRE", "FAILED", "call-1", 0)
	finished := a.kept(admin, "SIGNALWIRE", "PROCESSED", "call-1", 0)
	for name, c := range map[string]struct {
		in   vars
		code string
	}{
		"one is finished": {admin.resolve("RETRY", nil, dead[0].ID, finished), "INVALID_STATE"},
		"one is missing":  {admin.resolve("RETRY", nil, dead[0].ID, ids.New(ids.Webhook).String()), "NOT_FOUND"},
		"one is theirs":   {admin.resolve("RETRY", nil, dead[0].ID, foreign), "NOT_FOUND"},
		"no note":         {admin.resolve("DISCARD", nil, other), "INVALID"},
		"none":            {admin.resolve("RETRY", nil), "INVALID"},
	} {
		if code := admin.refused(webhookEventResolve, c.in); code != c.code {
			t.Errorf("%s: %s", name, code)
		}
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.webhook_events WHERE status = 'FAILED'`); n != 3 {
		t.Errorf("%d are as they were", n)
	}
	admin.resolves(t, "RETRY", nil, dead[0].ID)
	admin.becomes(id, "COMPLETED")
	admin.resolves(t, "DISCARD", "a test of theirs", other)
	if gone := admin.webhooks(vars{"statuses": []string{"DISCARDED"}}); len(gone) != 1 || *gone[0].Note != "a test of theirs" || gone[0].ResolvedBy.User.ID != ids.Of(ids.User, admin.user).String() {
		t.Errorf("%+v", gone)
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.activity_events WHERE type = 'WEBHOOK_RESOLVED' AND audience = 'AUDIT' AND actor_id = $1`, admin.user); n != 2 {
		t.Errorf("the audit log has %d lines", n)
	}
	if code := a.person("ours", "OPERATOR").refused(webhookEventResolve, admin.resolve("RETRY", nil, dead[0].ID)); code != "FORBIDDEN" {
		t.Errorf("an operator: %s", code)
	}
}

// resolves does that to events and wants no complaint.
func (p *person) resolves(t *testing.T, action string, note any, events ...string) {
	t.Helper()
	var out struct {
		WebhookEventResolve struct {
			Events     []knocked
			UserErrors []problem
		}
	}
	p.must(webhookEventResolve, p.resolve(action, note, events...), &out)
	if got := out.WebhookEventResolve; len(got.UserErrors) != 0 || len(got.Events) != len(events) {
		t.Errorf("%s: %+v", action, got)
	}
}

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
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// number gives the person's organization a number and its id.
func (p *person) number(number string) string {
	p.t.Helper()
	p.app.owns(p.slug, number)
	var id uuid.UUID
	p.app.scan(&id, `SELECT id FROM switchboard.phone_numbers WHERE number = $1`, number)
	return ids.Of(ids.PhoneNumber, id).String()
}

// rung is a call of before, which began so long ago and lasted as many seconds as that are minutes.
func (p *person) rung(status, to string, ago time.Duration) string {
	p.t.Helper()
	id, began := ids.New(ids.Call), time.Now().Add(-ago)
	p.app.exec(`INSERT INTO switchboard.calls (id, organization_id, direction, status, from_number, to_number, created_by, record, transcribe, created_at, started_at, ended_at, duration_ms)
		VALUES ($1, $2, 'OUTBOUND', $3, $4, $5, $6, true, true, $7, $7, $7, $8)`,
		id.UUID, p.organization.UUID, status, ourNumber, to, p.user, began, int(ago.Minutes())*1000)
	p.app.exec(`INSERT INTO switchboard.call_legs (provider_id, organization_id, call_id, status, provider_status, from_number, to_number) VALUES ($1, $2, $3, $4, 'completed', $5, $6)`,
		uuid.NewString(), p.organization.UUID, id.UUID, status, ourNumber, to)
	// The number is taken as the program takes it, which may be writing at the same moment.
	p.app.exec(`WITH head AS (INSERT INTO switchboard.activity_heads VALUES ($1, 1)
			ON CONFLICT (organization_id) DO UPDATE SET last_number = activity_heads.last_number + 1 RETURNING last_number)
		INSERT INTO switchboard.activity_events (organization_id, number, id, type, subject_kind, subject_id, status, actor_kind, actor_label)
		SELECT $1, last_number, $2, 'CALL_STATUS_CHANGED', 'call', $3, $4, 'SYSTEM', 'x' FROM head`,
		p.organization.UUID, uuid.New(), id.UUID, status)
	return id.String()
}

// transcribed gives a call a recording and a transcript.
func (p *person) transcribed(call string) {
	p.t.Helper()
	parsed, err := ids.Parse(call)
	if err != nil {
		p.t.Fatal(err)
	}
	rec := uuid.Must(uuid.NewV7())
	p.app.exec(`INSERT INTO switchboard.recordings (id, organization_id, source, status, object_key, content_type, size_bytes, call_id, provider_id, provider_status)
		VALUES ($1, $2, 'SIGNALWIRE', 'STORED', $3, 'audio/wav', 100, $4, $3, 'COMPLETED')`, rec, p.organization.UUID, rec.String(), parsed.UUID)
	p.app.exec(`INSERT INTO switchboard.transcriptions (id, organization_id, recording_id, status, analysis, version, text, finished_at)
		VALUES ($1, $2, $3, 'COMPLETED', '{}', 1, 'Hello', now())`, uuid.Must(uuid.NewV7()), p.organization.UUID, rec)
}

const listCalls = `query($s: String!, $first: Int!, $after: String, $filter: CallFilter, $order: CallOrder) { organization(slug: $s) {
	calls(first: $first, after: $after, filter: $filter, orderBy: $order) { nodes { id } totalCount pageInfo { hasNextPage endCursor } } } }`

// list pages through all calls that a filter leaves, two at a time.
func (p *person) list(filter, order vars) (found []string, total int) {
	p.t.Helper()
	var after *string
	for {
		var out struct {
			Organization struct {
				Calls struct {
					Nodes      []struct{ ID string }
					TotalCount int
					PageInfo   struct {
						HasNextPage bool
						EndCursor   *string
					}
				}
			}
		}
		p.must(listCalls, vars{"s": p.slug, "first": 2, "after": after, "filter": filter, "order": order}, &out)
		for _, n := range out.Organization.Calls.Nodes {
			found = append(found, n.ID)
		}
		total = out.Organization.Calls.TotalCount
		if after = out.Organization.Calls.PageInfo.EndCursor; !out.Organization.Calls.PageInfo.HasNextPage {
			return found, total
		}
	}
}

func TestCallsAreFilteredOrderedAndPagedWithoutLossOrRepeat(t *testing.T) {
	t.Parallel()
	a := start(t)
	p, other := a.person("acme", "VIEWER"), a.person("rivals", "OWNER")
	other.rung("COMPLETED", "+12025550111", time.Minute)
	old, busy := p.rung("COMPLETED", "+12025550111", 5*time.Minute), p.rung("BUSY", "+442079460123", 4*time.Minute)
	missed, long, now := p.rung("NO_ANSWER", "+12125550111", 3*time.Minute), p.rung("COMPLETED", "+12025550777", 20*time.Minute), p.rung("CANCELED", "+12025550112", time.Minute)
	talks := p.rung("CANCELED", "+12025550113", 30*time.Second)
	p.transcribed(old)
	a.exec(`UPDATE switchboard.calls SET status = 'IN_PROGRESS', direction = 'INBOUND', created_by = NULL, ended_at = NULL, duration_ms = NULL WHERE id = $1`, idOf(t, talks))
	// As old and as long as another: a page may end between the two.
	a.exec(`UPDATE switchboard.calls c SET created_at = o.created_at, duration_ms = o.duration_ms FROM switchboard.calls o WHERE o.id = $1 AND c.id = $2`, idOf(t, busy), idOf(t, missed))
	a.exec(`UPDATE switchboard.calls SET disposition = 'SALE', disposition_at = now() WHERE to_number = '+12025550777'`)
	for name, c := range map[string]struct {
		filter, order vars
		want          []string
	}{
		"newest first":         {nil, nil, []string{talks, now, missed, busy, old, long}},
		"oldest first":         {nil, vars{"direction": "ASC"}, []string{long, old, busy, missed, now, talks}},
		"longest first":        {nil, vars{"field": "DURATION"}, []string{long, old, missed, busy, now, talks}},
		"shortest first":       {nil, vars{"field": "DURATION", "direction": "ASC"}, []string{talks, now, busy, missed, old, long}},
		"by status":            {vars{"status": []string{"BUSY", "NO_ANSWER"}}, nil, []string{missed, busy}},
		"by disposition":       {vars{"disposition": []string{"SALE"}}, nil, []string{long}},
		"by direction":         {vars{"direction": "INBOUND"}, nil, []string{talks}},
		"since":                {vars{"createdAfter": time.Now().Add(-210 * time.Second).Format(time.RFC3339)}, nil, []string{talks, now}},
		"until":                {vars{"createdBefore": time.Now().Add(-10 * time.Minute).Format(time.RFC3339)}, nil, []string{long}},
		"how a number begins":  {vars{"search": "+1 (202) 555-0111"}, nil, []string{old}},
		"how numbers begin":    {vars{"search": "+44"}, nil, []string{busy}},
		"its last digits":      {vars{"search": "555-0111"}, nil, []string{missed, old}},
		"with a transcript":    {vars{"hasTranscript": true}, nil, []string{old}},
		"without a transcript": {vars{"hasTranscript": false}, nil, []string{talks, now, missed, busy, long}},
		"all of it at once":    {vars{"status": []string{"COMPLETED"}, "direction": "OUTBOUND", "search": "+1202", "hasTranscript": false, "createdBefore": time.Now().Format(time.RFC3339)}, vars{"field": "DURATION"}, []string{long}},
	} {
		got, total := p.list(c.filter, c.order)
		if !slices.Equal(got, c.want) || total != len(c.want) {
			t.Errorf("%s: %d of %d calls, want %d: %v", name, len(got), total, len(c.want), got)
		}
	}
	a.exec(`INSERT INTO switchboard.calls (id, organization_id, direction, status, from_number, to_number, record, transcribe)
		SELECT gen_random_uuid(), $1, 'INBOUND', 'RINGING', '+1', '+1', false, false FROM generate_series(1, 10000)`, other.organization.UUID)
	var out struct {
		Organization struct {
			Calls, Over struct{ TotalCount int }
		}
	}
	other.must(`{ organization(slug: "rivals") { calls(first: 1) { totalCount } over: calls(first: 1, filter: {status: [COMPLETED]}) { totalCount } } }`, nil, &out)
	if o := out.Organization; o.Calls.TotalCount != 10_000 || o.Over.TotalCount != 1 {
		t.Errorf("of 10001 calls are counted: %+v", o)
	}
	for _, search := range []string{"", "4", "name", "12345678901234567"} {
		if code := p.fails(listCalls, vars{"s": p.slug, "first": 2, "filter": vars{"search": search}}); code != "INVALID" {
			t.Errorf("searching for %q: %s", search, code)
		}
	}
}

func TestListOfCallsCostsTheSameStatementsHoweverManyRows(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	for i := range 12 {
		call := p.rung("COMPLETED", theirNumber, time.Duration(i+1)*time.Minute)
		p.transcribed(call)
		if _, problems := p.mutate(addNote, vars{"in": vars{"callId": call, "text": "They want to hear more."}}); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	for fields, most := range map[string]int{
		"id status recordings { id } transcription { text }": 5, // opening the session, the organization, and three
		"id organization { name } createdBy { name } legs { status } recordings { id call { id } } transcription { text } notes { text author { name } } timeline { type subject { id } }": 14,
	} {
		counts := map[int]int{}
		for _, rows := range []int{1, 5, 12} {
			id := uuid.NewString()
			query := fmt.Sprintf(`{"query":"{ organization(slug: \"ours\") { calls(first: %d) { nodes { %s } } } }"}`, rows, fields)
			response, text := a.post(query, http.Header{"Authorization": {"Bearer " + p.token}, "X-Request-Id": {id}})
			if response.StatusCode != 200 || strings.Contains(text, `"errors"`) || strings.Count(text, `"Hello"`) != rows {
				t.Fatalf("%d rows: %d %.300s", rows, response.StatusCode, text)
			}
			counts[rows] = a.statements(id)
		}
		if counts[1] != counts[5] || counts[5] != counts[12] || counts[12] > most {
			t.Errorf("%s: statements by rows %v, want the same and at most %d", fields, counts, most)
		}
	}
}

func TestWhatHangsOnCallsIsReadTogetherHoweverTheyWereFound(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	var calls []string
	for i := range 6 {
		calls = append(calls, p.rung("COMPLETED", theirNumber, time.Duration(i+1)*time.Minute))
		p.transcribed(calls[i])
	}
	const whole = `id legs { status } notes { text } recordings { id } createdBy { name } organization { name }`
	for name, query := range map[string]func(rows int) string{
		"by their recordings": func(rows int) string {
			return fmt.Sprintf(`{ organization(slug: "ours") { recordings(first: %d) { nodes { call { %s } } } } }`, rows, whole)
		},
		"by their ids": func(rows int) string {
			return fmt.Sprintf(`{ nodes(ids: ["%s"]) { ... on Call { %s } } }`, strings.Join(calls[:rows], `", "`), whole)
		},
		"by their transcriptions": func(rows int) string {
			return fmt.Sprintf(`{ organization(slug: "ours") { transcriptions(first: %d) { nodes { recording { call { %s } } } } } }`, rows, whole)
		},
	} {
		counts := map[int]int{}
		for _, rows := range []int{1, 6} {
			id := uuid.NewString()
			body, err := json.Marshal(map[string]string{"query": query(rows)})
			if err != nil {
				t.Fatal(err)
			}
			response, text := a.post(string(body), http.Header{"Authorization": {"Bearer " + p.token}, "X-Request-Id": {id}})
			if response.StatusCode != 200 || strings.Contains(text, `"errors"`) || strings.Count(text, `"legs"`) != rows {
				t.Fatalf("%s, %d rows: %d %.300s", name, rows, response.StatusCode, text)
			}
			counts[rows] = a.statements(id)
		}
		if counts[1] != counts[6] {
			t.Errorf("%s: statements by rows %v", name, counts)
		}
	}
}

package test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

// joins makes a person a member of another one's organization too.
func (p *person) joins(other *person) {
	p.t.Helper()
	p.app.exec(`INSERT INTO switchboard.memberships (id, organization_id, user_id, role) VALUES ($1, $2, $3, 'OPERATOR')`,
		uuid.Must(uuid.NewV7()), other.organization.UUID, p.user)
}

// recordingsOf asks for a list of an organization's.
func recordingsOf(p *person) string {
	return `{ organization(slug: "` + p.slug + `") { recordings(first: 100) { nodes { id } } } }`
}

func TestAnOrganizationAtItsLimitLocksOutNobodyElse(t *testing.T) {
	t.Parallel()
	for name, setting := range map[string]string{"requests": "LIMIT_REQUESTS_PER_ORGANIZATION=1", "cost": "LIMIT_COST_PER_ORGANIZATION=4000"} {
		a := start(t, setting)
		loud, colleague := a.person("loud", "OPERATOR"), a.person("loud", "OPERATOR")
		quiet, both := a.person("quiet", "OPERATOR"), a.person("quiet", "OPERATOR")
		both.joins(loud)

		first, _ := both.untilLimited(recordingsOf(loud))
		if first < 5 {
			t.Errorf("%s: only %d were answered", name, first)
		}
		if more, _ := colleague.untilLimited(recordingsOf(loud)); more > first/2 {
			t.Errorf("%s: a colleague was answered %d times more after %d", name, more, first)
		}
		for who, p := range map[string]*person{"another tenant": quiet, "who belongs to both": both} {
			if status, _, code := p.asks(recordingsOf(quiet)); status != http.StatusOK || code != "" {
				t.Errorf("%s: %s pays at home: %d %s", name, who, status, code)
			}
		}
		if status, _, code := quiet.asks(recordingsOf(loud)); status != http.StatusOK || code != "" {
			t.Errorf("%s: whoever is no member can tell that there is such an organization: %d %s", name, status, code)
		}
	}
}

func TestWhatIsFoundByItsIDCountsAtItsOrganization(t *testing.T) {
	t.Parallel()
	a := start(t, "LIMIT_REQUESTS_PER_ORGANIZATION=1")
	p := a.person("ours", "OPERATOR")
	transcription, call, number := p.transcribe(), p.rung("COMPLETED", theirNumber, time.Minute), p.number("+12025550199")
	admin := a.person("ours", "ADMIN")
	event := a.kept(admin, "STRIPE", "FAILED", "evt_1", 0)
	admin.untilLimited(`{ node(id: "` + event + `") { id } }`)
	for _, query := range []string{
		`{ call(id: "` + call + `") { id } }`,
		`{ node(id: "` + number + `") { id } }`,
		`{ transcription(id: "` + transcription + `") { id } }`,
		`{ node(id: "` + transcription + `") { id } }`,
		`mutation { transcriptionCancel(id: "` + transcription + `") { userErrors { code } } }`,
	} {
		p.untilLimited(query)
	}
}

// subscribes opens a socket that follows a transcription, and gives the first message about it.
func (p *person) subscribes(transcription string) (conn *websocket.Conn, first string) {
	p.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	conn, response, err := dialer.Dial("ws"+strings.TrimPrefix(p.app.url, "http")+"/graphql", http.Header{"Authorization": {"Bearer " + p.token}})
	if err != nil {
		p.t.Fatal(err)
	}
	_ = response.Body.Close()
	p.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	for _, message := range []string{
		`{"type":"connection_init"}`,
		`{"type":"subscribe","id":"1","payload":{"query":"subscription { transcriptionStatus(transcriptionId: \"` + transcription + `\") { status } }"}}`,
	} {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
			p.t.Fatal(err)
		}
		_, text, err := conn.ReadMessage()
		if err != nil {
			p.t.Fatal(err)
		}
		first = string(text)
	}
	return conn, first
}

func TestAnOrganizationsSubscriptionsLeaveRoomForThoseOfOthers(t *testing.T) {
	t.Parallel()
	const next, refused = `{"id":"1","type":"next"`, `{"id":"1","type":"error"`
	a := start(t, "LIMIT_SUBSCRIPTIONS_PER_ORGANIZATION=1")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Hour})
	ours, theirs := a.person("ours", "OPERATOR"), a.person("theirs", "OPERATOR")
	colleague := a.person("ours", "VIEWER")
	here, there := ours.transcribe(), theirs.transcribe()

	first, text := ours.subscribes(here)
	if !strings.HasPrefix(text, next) {
		t.Fatalf("the first: %s", text)
	}
	_, text = colleague.subscribes(here)
	if !strings.HasPrefix(text, refused) || !strings.Contains(text, `"code":"LIMIT"`) || !strings.Contains(text, `"retryAfter":60`) {
		t.Errorf("a second: %s", text)
	}
	if _, text = theirs.subscribes(there); !strings.HasPrefix(text, next) {
		t.Errorf("another organization: %s", text)
	}
	_ = first.Close()
	eventually(t, "the place of one that has ended", func() bool {
		conn, text := colleague.subscribes(here)
		_ = conn.Close()
		return strings.HasPrefix(text, next)
	})
}

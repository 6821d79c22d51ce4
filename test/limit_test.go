package test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// asks sends one operation as it is: unlike the client, it does not come back by itself.
func (p *person) asks(query string) (status, retryAfter int, code string) {
	p.t.Helper()
	body, _ := json.Marshal(vars{"query": query})
	response, text := p.app.post(string(body), http.Header{"Authorization": {"Bearer " + p.token}})
	var answer struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		p.t.Fatalf("%v: %s", err, text)
	}
	if len(answer.Errors) > 0 {
		code = answer.Errors[0].Extensions.Code
	}
	retryAfter, _ = strconv.Atoi(response.Header.Get("Retry-After"))
	return response.StatusCode, retryAfter, code
}

// untilLimited asks until it is refused, and gives how often that went well and when to come back.
func (p *person) untilLimited(query string) (answered, retryAfter int) {
	p.t.Helper()
	for ; answered < 1000; answered++ {
		status, wait, code := p.asks(query)
		if status == http.StatusTooManyRequests {
			if code != "LIMIT" || wait < 1 {
				p.t.Fatalf("refused with %q and Retry-After %d", code, wait)
			}
			return answered, wait
		}
		if status != http.StatusOK || code != "" {
			p.t.Fatalf("answered %d %s", status, code)
		}
	}
	p.t.Fatal("there is no limit")
	return 0, 0
}

func TestWhoAsksTooOftenWaitsAndTheirNeighboursDoNot(t *testing.T) {
	t.Parallel()
	const me = `{ viewer { user { id } } }`
	for name, setting := range map[string]string{"requests": "LIMIT_REQUESTS_PER_USER=1", "cost": "LIMIT_COST_PER_USER=200"} {
		a := start(t, setting, "LIMIT_DOCUMENT=depth=3") // what an operator lowers holds too
		loud, quiet := a.person("loud", "OPERATOR"), a.person("quiet", "OPERATOR")
		answered, wait := loud.untilLimited(me)
		if answered < 5 { // of ten at once, some of which the setting up may have used
			t.Errorf("%s: only %d were answered", name, answered)
		}
		if status, _, code := quiet.asks(me); status != http.StatusOK || code != "" {
			t.Errorf("%s: another tenant at the same address pays: %d %s", name, status, code)
		}
		if status, _, code := quiet.asks(`{ viewer { memberships { user { id } } } }`); code != "TOO_EXPENSIVE" {
			t.Errorf("a document that is too deep is answered with %d %s", status, code)
		}
		<-time.After(time.Duration(wait) * time.Second)
		if status, _, code := loud.asks(me); status != http.StatusOK || code != "" {
			t.Errorf("%s: refused with %d %s after the %d s that were said", name, status, code, wait)
		}
	}
}

func TestAnOrganizationHasOnlySoManyTranscriptionsUnderWay(t *testing.T) {
	t.Parallel()
	const most = 3
	a := start(t, "LIMIT_LIVE_TRANSCRIPTIONS=3")
	a.provider.SetFaults(assemblyai.Faults{Delay: time.Hour})
	p, other := a.person("ours", "OPERATOR"), a.person("theirs", "OPERATOR")
	uploads := make([]string, 2*most)
	for i := range uploads {
		uploads[i] = p.sent(wav(2, 100*time.Millisecond))
	}
	complete := func(upload string) (status, retryAfter int, code string) {
		return p.asks(`mutation { uploadComplete(input: {uploadId: "` + upload + `", transcribe: true}) { transcription { id } userErrors { code } } }`)
	}
	live := func() int {
		return a.rows(`SELECT count(*) FROM switchboard.transcriptions WHERE organization_id = $1 AND status IN ('QUEUED', 'PROCESSING')`, p.organization.UUID)
	}

	var refused atomic.Int32
	var all sync.WaitGroup
	for _, upload := range uploads { // at once: none may slip through
		all.Go(func() {
			if status, wait, code := complete(upload); status == http.StatusTooManyRequests && wait > 0 && code == "LIMIT" {
				refused.Add(1)
			} else if status != http.StatusOK || code != "" {
				t.Errorf("answered %d %s", status, code)
			}
		})
	}
	all.Wait()
	if n := live(); n != most || refused.Load() != most {
		t.Errorf("%d are under way and %d were refused, want %d of each", n, refused.Load(), most)
	}
	other.transcribe() // or the test ends here

	var ended uuid.UUID
	a.scan(&ended, `SELECT id FROM switchboard.transcriptions WHERE organization_id = $1 LIMIT 1`, p.organization.UUID)
	canceled, problems := p.mutate(`mutation($id: ID!) { transcriptionCancel(id: $id) { transcription { id } userErrors { code message path } } }`, vars{"id": ids.Of(ids.Transcription, ended).String()})
	if canceled == "" {
		t.Fatalf("canceling: %v", problems)
	}
	begun := 0
	for _, upload := range uploads { // those that were refused can still be completed: one now has room
		if status, _, _ := complete(upload); status == http.StatusOK {
			begun++
		}
	}
	if n := live(); n != most || begun != most+1 {
		t.Errorf("%d are under way after one ended, and %d uploads are complete", n, begun)
	}
	if status, _, code := p.asks(`mutation { transcriptionRetry(id: "` + canceled + `") { transcription { id } userErrors { code } } }`); status != http.StatusTooManyRequests || code != "LIMIT" {
		t.Errorf("a retry is a way around the limit: %d %s", status, code)
	}
}

func TestSocketsOfStrangersDoNotTakeThePlaceOfAMember(t *testing.T) {
	t.Parallel()
	a := start(t, "LIMIT_SOCKETS_PER_ADDRESS=2", "LIMIT_SOCKETS_PER_USER=1")
	p := a.person("acme", "OPERATOR")
	open := func(payload string) (conn *websocket.Conn, answer string) {
		dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
		conn, response, err := dialer.Dial("ws"+strings.TrimPrefix(a.url, "http")+"/graphql", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"connection_init","payload":`+payload+`}`))
		_, text, err := conn.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			return conn, strconv.Itoa(closed.Code)
		}
		return conn, string(text)
	}
	const ack = `{"type":"connection_ack"}`
	first, _ := open(`{}`)
	for _, c := range []struct{ who, payload, want string }{
		{"a second stranger", `{}`, ack},
		{"a third stranger", `{}`, "1013"},
		{"a member", `{"authorization":"Bearer ` + p.token + `"}`, ack},
		{"the same member again", `{"authorization":"Bearer ` + p.token + `"}`, "1013"},
	} {
		if _, got := open(c.payload); got != c.want {
			t.Errorf("%s: %s, want %s", c.who, got, c.want)
		}
	}
	_ = first.Close()
	eventually(t, "the place of a stranger who left", func() bool {
		_, got := open(`{}`)
		return got == ack
	})
}

func TestWebhooksAboveTheLimitAreSentAgainLater(t *testing.T) {
	t.Parallel()
	a := start(t, "LIMIT_WEBHOOKS_PER_ADDRESS=1")
	send := func() (status, retryAfter int) {
		request, _ := http.NewRequest(http.MethodPost, a.url+"/api/webhooks/assemblyai", strings.NewReader(`{"transcript_id":"x","status":"completed"}`))
		request.Header.Set("X-Webhook-Secret", a.secrets.webhook)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		retryAfter, _ = strconv.Atoi(response.Header.Get("Retry-After"))
		return response.StatusCode, retryAfter
	}
	kept := 0
	status, wait := send()
	for ; status == http.StatusOK && kept < 1000; status, wait = send() {
		kept++
	}
	if kept < 10 || status != http.StatusServiceUnavailable || wait < 1 {
		t.Fatalf("after %d the answer was %d with Retry-After %d, want 503: after a 4xx the provider never comes back", kept, status, wait)
	}
	<-time.After(time.Duration(wait) * time.Second)
	if status, _ := send(); status != http.StatusOK {
		t.Errorf("answered %d after the %d s that were said", status, wait)
	}
}

package client

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
)

// exchange is a Switchboard that places calls; streams are by the field that is subscribed to.
type exchange struct {
	t       *testing.T
	streams map[string][]string
	answers map[string]string // by a word of the document
	mu      sync.Mutex
	asked   []string
}

func newExchange(t *testing.T) (*exchange, *Client) {
	e := &exchange{t: t, streams: map[string][]string{
		"callStatus": {call("PENDING", "null"), call("RINGING", "null"), call("COMPLETED", "null")},
		"organizationActivity": {
			activityOf("RECORDING_AVAILABLE", "rec_other"), activityOf("RECORDING_AVAILABLE", "rec_1"),
			activityOf("TRANSCRIPTION_STATUS_CHANGED", "trn_other"), activityOf("TRANSCRIPTION_STATUS_CHANGED", "trn_1"),
		},
		"transcriptionStatus": {event("PROCESSING", "null"), event("COMPLETED", "null")},
	}, answers: map[string]string{
		"viewer":         oneMembership,
		"activityCursor": `{"node":{"activityCursor":"before"}}`,
		"callStart(":     `{"callStart":{"call":{"id":"call_1"},"userErrors":[]}}`,
		"call(id:":       `{"call":{"recordings":[{"id":"rec_1","status":"STORED","failure":null}],"transcription":{"id":"trn_1"}}}`,
		"transcription(": `{"transcription":{"id":"trn_1","text":"Hello.","utterances":{"nodes":[{"speakerKey":"1","startMs":0,"endMs":1,"text":"Hello."}],"pageInfo":{"hasNextPage":false,"endCursor":null}}}}`,
	}}
	return e, serve(t, e)
}

func call(status, failure string) string {
	return `{"callStatus":{"cursor":"c` + status + `","status":"` + status + `","occurredAt":"2026-01-02T03:04:05Z","call":{"recorded":true,"failure":` + failure + `}}}`
}

func activityOf(kind, subject string) string {
	return `{"organizationActivity":{"cursor":"a` + subject + `","type":"` + kind + `","occurredAt":"2026-01-02T03:04:05Z","subject":{"id":"` + subject + `"}}}`
}

func (e *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.IsWebSocketUpgrade(r) {
		upgraded(e.t, e.stream)(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	e.asked = append(e.asked, string(body))
	defer e.mu.Unlock()
	for word, data := range e.answers {
		if strings.Contains(string(body), word) {
			status(http.StatusOK, `{"data":`+data+`}`)(w, r)
			return
		}
	}
	e.t.Errorf("unexpected question %s", body)
}

func (e *exchange) stream(p *peer) {
	p.want(`{"type":"connection_init","payload":{"authorization":"Bearer tok_secret"}}`)
	p.send(`{"type":"connection_ack"}`)
	_, subscribe, _ := p.conn.ReadMessage()
	e.mu.Lock()
	e.asked = append(e.asked, string(subscribe))
	e.mu.Unlock()
	for field, events := range e.streams {
		if strings.Contains(string(subscribe), field+"(") {
			for _, one := range events { // a client that has seen enough is gone
				_ = p.conn.WriteMessage(websocket.TextMessage, []byte(`{"id":"1","type":"next","payload":{"data":`+one+`}}`))
			}
		}
	}
	_ = p.conn.WriteMessage(websocket.TextMessage, []byte(`{"id":"1","type":"complete"}`))
}

func TestCallIsToldLiveFromRingingToItsTranscript(t *testing.T) {
	t.Parallel()
	e, c := newExchange(t)
	var steps []string
	record := true
	placed, transcript, err := c.Call(t.Context(), CallJob{To: "+12025550142", Record: &record, Step: func(s CallStep) { steps = append(steps, s.What+" "+s.Status) }})
	if err != nil || placed.ID != "call_1" || transcript.Text != "Hello." || len(transcript.Utterances) != 1 {
		t.Fatalf("%+v, %+v, %v", placed, transcript, err)
	}
	want := []string{"CALL PENDING", "CALL RINGING", "CALL COMPLETED", "RECORDING STORED", "TRANSCRIPTION PROCESSING", "TRANSCRIPTION COMPLETED"}
	if !slices.Equal(steps, want) {
		t.Errorf("told %q, want %q", steps, want)
	}
	asked := strings.Join(e.asked, "\n")
	for _, part := range []string{`"to":"+12025550142"`, `"organizationId":"org_1"`, `"idempotencyKey":"`, `"record":true`, `"after":"before"`} {
		if !strings.Contains(asked, part) {
			t.Errorf("asked without %s: %s", part, asked)
		}
	}
}

func TestCallThatIsNotRecordedHasNoTranscriptAndNobodyWaitsForIt(t *testing.T) {
	t.Parallel()
	e, c := newExchange(t)
	e.streams["callStatus"] = []string{strings.Replace(call("COMPLETED", "null"), `"recorded":true`, `"recorded":false`, 1)}
	placed, transcript, err := c.Call(t.Context(), CallJob{To: "+12025550142"})
	if err != nil || placed.ID != "call_1" || transcript.ID != "" {
		t.Errorf("%+v, %+v, %v", placed, transcript, err)
	}
}

func TestCallThatEndsOtherwiseIsAnErrorThatSaysHow(t *testing.T) {
	t.Parallel()
	for last, want := range map[string]string{
		call("BUSY", "null"): "busy", call("NO_ANSWER", "null"): "Nobody answered", call("CANCELED", "null"): "canceled", call("FAILED", "null"): "failed",
		call("FAILED", `{"code":"PROVIDER_REFUSED","message":"Not a number."}`): "Not a number.", call("RINGING", "null"): "ended before", `{"callStatus":7}`: "decoding a status",
	} {
		e, c := newExchange(t)
		e.streams["callStatus"] = []string{last}
		if placed, _, err := c.Call(t.Context(), CallJob{}); err == nil || !strings.Contains(err.Error(), want) || placed.ID != "call_1" {
			t.Errorf("%s: %v", last, err)
		}
	}
}

func TestCallThatIsRefusedSaysWhy(t *testing.T) {
	t.Parallel()
	e, c := newExchange(t)
	e.answers["callStart("] = `{"callStart":{"call":null,"userErrors":[{"code":"INVALID","message":"Not a telephone number.","path":["input","to"]}]}}`
	if _, _, err := c.Call(t.Context(), CallJob{}); wantError(t, err).Message != "Not a telephone number." {
		t.Errorf("got %v", err)
	}
	e.answers["callStart("] = `{"callStart":{"call":null,"userErrors":[]}}`
	if _, _, err := c.Call(t.Context(), CallJob{}); err == nil || !strings.Contains(err.Error(), "did not say why") {
		t.Errorf("got %v", err)
	}
}

func TestRecordingThatFailedOrNeverComesIsSaid(t *testing.T) {
	t.Parallel()
	e, c := newExchange(t)
	e.answers["call(id:"] = `{"call":{"recordings":[{"id":"rec_1","status":"FAILED","failure":{"message":"The audio is empty."}}],"transcription":null}}`
	if _, _, err := c.Call(t.Context(), CallJob{}); wantError(t, err).Message != "The audio is empty." {
		t.Errorf("got %v", err)
	}
	e.answers["call(id:"] = `{"call":null}`
	if _, _, err := c.Call(t.Context(), CallJob{}); wantError(t, err).Code != "NOT_FOUND" {
		t.Errorf("got %v", err)
	}
	e.streams["organizationActivity"] = nil
	if _, _, err := c.Call(t.Context(), CallJob{}); err == nil || !strings.Contains(err.Error(), "ended before the recording") {
		t.Errorf("got %v", err)
	}
}

package client

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

const sound = "some sound"

// soundSHA is the SHA-256 of sound.
const soundSHA = "f76f85e412758b4811110f12047413b831de0935569efd67771aab42788bf8de"

const oneMembership = `{"viewer":{"memberships":[{"organization":{"id":"org_1","slug":"acme"}}]}}`

// office is a Switchboard that answers by heart; what a test does not set is answered well.
type office struct {
	t       *testing.T
	data    map[string]string // field → data of the answer
	put     http.HandlerFunc
	events  []string // data of transcriptionStatus
	input   map[string]map[string]any
	address string
}

func newOffice(t *testing.T) (*office, *Client) {
	o := &office{t: t, put: status(http.StatusOK, ""), input: map[string]map[string]any{}, events: []string{
		event("QUEUED", "null"), event("PROCESSING", "null"), event("COMPLETED", "null"),
	}}
	c := serve(t, o)
	o.address = "http://" + c.endpoint.Host
	o.data = map[string]string{
		"viewer":         oneMembership,
		"uploadCreate":   `{"uploadCreate":{"upload":{"id":"upl_1"},"targets":[{"method":"PUT","url":"` + o.address + `/bucket","headers":[]}],"userErrors":[]}}`,
		"uploadComplete": `{"uploadComplete":{"transcription":{"id":"trn_1"},"userErrors":[]}}`,
		"download":       `{"transcription":{"download":{"url":"` + o.address + `/file"}}}`,
	}
	return o, c
}

func event(status, failure string) string {
	return `{"transcriptionStatus":{"cursor":"c` + status + `","status":"` + status + `","occurredAt":"2026-01-02T03:04:05Z","replayed":false,"transcription":{"failure":` + failure + `}}}`
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/bucket":
		o.put(w, r)
	case r.URL.Path == "/file":
		status(http.StatusOK, "1\n00:00:03,000 --> 00:00:04,000\n1: Hello\n")(w, r)
	case websocket.IsWebSocketUpgrade(r):
		upgraded(o.t, o.stream)(w, r)
	default:
		o.answer(w, r)
	}
}

func (o *office) stream(p *peer) {
	p.want(`{"type":"connection_init","payload":{"authorization":"Bearer tok_secret"}}`)
	p.send(`{"type":"connection_ack"}`)
	_, _, _ = p.conn.ReadMessage()
	for _, e := range o.events {
		// A client that has seen enough is gone: what it made of the events is what tests ask for.
		_ = p.conn.WriteMessage(websocket.TextMessage, []byte(`{"id":"1","type":"next","payload":{"data":`+e+`}}`))
	}
	_ = p.conn.WriteMessage(websocket.TextMessage, []byte(`{"id":"1","type":"complete"}`))
}

func (o *office) answer(w http.ResponseWriter, r *http.Request) {
	var op struct {
		Query     string
		Variables struct {
			Input map[string]any
			After *string
			First bool
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&op); err != nil {
		o.t.Errorf("decoding a request: %v", err)
	}
	for field, data := range o.data {
		if strings.Contains(op.Query, field+"(") || strings.Contains(op.Query, field+" {") {
			o.input[field] = op.Variables.Input
			status(http.StatusOK, `{"data":`+data+`}`)(w, r)
			return
		}
	}
	if after := op.Variables.After; after == nil && op.Variables.First {
		status(http.StatusOK, `{"data":{"transcription":{"id":"trn_1","languageCode":"en","confidence":null,"text":"Hello. Bye.",
			"speakers":[{"key":"1","label":"Speaker 1","talkTimeMs":900}],
			"utterances":{"nodes":[{"speakerKey":"1","startMs":3000,"endMs":4000,"text":"Hello."}],"pageInfo":{"hasNextPage":true,"endCursor":"u1"}}}}}`)(w, r)
	} else if after != nil && *after == "u1" && !op.Variables.First {
		status(http.StatusOK, `{"data":{"transcription":{"id":"trn_1",
			"utterances":{"nodes":[{"speakerKey":"1","startMs":5000,"endMs":6000,"text":"Bye."}],"pageInfo":{"hasNextPage":false,"endCursor":"u2"}}}}}`)(w, r)
	} else {
		o.t.Errorf("unexpected question %s with %+v", op.Query, op.Variables)
	}
}

func audioFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "call.WAV")
	if err := os.WriteFile(path, []byte(sound), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

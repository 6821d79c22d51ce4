package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// desk is a server whose transcriptions end as the names of their files say: each begins with good or bad.
type desk struct {
	t    *testing.T
	url  string
	held func() // called instead of ending a transcription; may be nil
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	d.url = server.URL
	return d
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.IsWebSocketUpgrade(r) {
		d.stream(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	answer := "1\n00:00:03,000 --> 00:00:04,000\n1: Hello\n"
	for _, known := range []struct{ holds, answer string }{
		{"viewer", `{"data":{"viewer":{"memberships":[{"organization":{"id":"org_1","slug":"acme"}}]}}}`},
		{`"filename":"bad`, upload("bad", d.url)},
		{`"filename":"good`, upload("good", d.url)},
		{`"uploadId":"bad"`, `{"data":{"uploadComplete":{"transcription":{"id":"bad"},"userErrors":[]}}}`},
		{`"uploadId":"good"`, `{"data":{"uploadComplete":{"transcription":{"id":"good"},"userErrors":[]}}}`},
		{"utterances", `{"data":{"transcription":{"id":"good","utterances":{"nodes":[{"speakerKey":"1","startMs":3723000,"endMs":3724000,"text":"Hello \u001b[31mred"}],"pageInfo":{}}}}}`},
		{`"format":"SRT"`, `{"data":{"transcription":{"download":{"url":"` + d.url + `/file"}}}}`},
	} {
		if strings.Contains(string(body), known.holds) {
			answer = known.answer
			if got := r.Header.Get("Authorization"); got != "Bearer tok_left" {
				d.t.Errorf("authorization %q", got)
			}
			break
		}
	}
	_, _ = io.WriteString(w, answer)
}

func upload(id, url string) string {
	return `{"data":{"uploadCreate":{"upload":{"id":"` + id + `"},"targets":[{"method":"PUT","url":"` + url + `/bucket","headers":[]}],"userErrors":[]}}}`
}

func (d *desk) stream(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"graphql-transport-ws"}}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		d.t.Errorf("upgrading: %v", err)
		return
	}
	defer conn.Close()
	send := func(message string) { _ = conn.WriteMessage(websocket.TextMessage, []byte(message)) }
	_, _, _ = conn.ReadMessage()
	send(`{"type":"connection_ack"}`)
	_, subscribe, _ := conn.ReadMessage()
	send(step("PROCESSING", "null"))
	switch {
	case d.held != nil:
		d.held()
		_, _, _ = conn.ReadMessage()
	case strings.Contains(string(subscribe), `"id":"bad"`):
		send(step("FAILED", `{"code":"PROVIDER_REFUSED","message":"There is no speech in it."}`))
	default:
		send(step("COMPLETED", "null"))
	}
	send(`{"id":"1","type":"complete"}`)
}

func step(status, failure string) string {
	return `{"id":"1","type":"next","payload":{"data":{"transcriptionStatus":{"cursor":"c","status":"` + status + `","occurredAt":"2026-01-02T03:04:05Z","transcription":{"failure":` + failure + `}}}}}`
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/switchboard-voice/switchboard/lab"
)

const (
	listQuery = `query($s: String!, $n: Int!) { organization(slug: $s) { id name recordings(first: $n) {
		nodes { id source status filename contentType sizeBytes durationMs channels createdAt
			transcriptions { id status attempt version queuedAt startedAt finishedAt languageCode confidence } }
		pageInfo { hasNextPage endCursor } } } }`
	transcriptQuery = `query($id: ID!, $words: Boolean!) { transcription(id: $id) { id status languageCode confidence text
		speakers { key label talkTimeMs }
		utterances(first: 200) {
			nodes { index speakerKey startMs endMs text confidence sentiment words @include(if: $words) { text startMs endMs confidence } }
			pageInfo { hasNextPage endCursor } } } }`
	callsQuery = `query($s: String!, $n: Int!) { organization(slug: $s) { id calls(first: $n) {
		nodes { id direction status fromNumber toNumber createdAt startedAt endedAt durationMs
			recordings { id status durationMs } transcription { id status languageCode confidence } }
		pageInfo { hasNextPage } } } }`
	whoQuery = `{ viewer { sessionExpiresAt } }`
)

// requestIDs are taken over into the server's log.
const requestIDHeader = "X-Request-Id"

func (l *bench) graphql(query string, variables map[string]any, headers ...string) ([]byte, error) {
	token, err := l.Token(l.people[0])
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, fmt.Errorf("encoding an operation: %w", err)
	}
	return wire("POST", l.Server.URL+"/graphql", string(body), append([]string{"Content-Type", "application/json", "Authorization", "Bearer " + token}, headers...)...)
}

// ask sends one request and gives its answer, which must be one without errors.
func ask(p *lab.Process, request []byte) (map[string]any, error) {
	c, err := dial(p)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	var body bytes.Buffer
	if err := c.send(request, &body); err != nil {
		return nil, err
	}
	var answer map[string]any
	if err := json.Unmarshal(body.Bytes(), &answer); err != nil {
		return nil, fmt.Errorf("decoding an answer: %w", err)
	}
	if answer["errors"] != nil || answer["data"] == nil {
		return nil, fmt.Errorf("answered with %.300s", body.String())
	}
	return answer, nil
}

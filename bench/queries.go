package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"time"
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
	whoQuery = `{ viewer { sessionExpiresAt } }`
)

// requestIDs are taken over into the server's log.
const requestIDHeader = "X-Request-Id"

func (l *lab) graphql(query string, variables map[string]any, headers ...string) ([]byte, error) {
	token, err := l.token(l.people[0])
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, fmt.Errorf("encoding an operation: %w", err)
	}
	return wire("POST", l.server.url+"/graphql", string(body), append([]string{"Content-Type", "application/json", "Authorization", "Bearer " + token}, headers...)...)
}

// ask sends one request and gives its answer, which must be one without errors.
func ask(p *process, request []byte) (map[string]any, error) {
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

// statements counts what one operation sends to the database, as the server's own log says.
func (l *lab) statements(ctx context.Context, query string, variables map[string]any) (n int, err error) {
	id := rand.Text()
	request, err := l.graphql(query, variables, requestIDHeader, id)
	if err != nil {
		return 0, err
	}
	if _, err := ask(l.server, request); err != nil {
		return 0, err
	}
	return n, eventually(ctx, "the request in the log", func() (bool, error) {
		log, err := os.ReadFile(l.server.log)
		if err != nil {
			return false, err
		}
		for line := range bytes.Lines(log) {
			var entry struct{ SQL *int }
			if bytes.Contains(line, []byte(id)) && json.Unmarshal(line, &entry) == nil && entry.SQL != nil {
				n = *entry.SQL
				return true, nil
			}
		}
		return false, nil
	})
}

// countStatements fills the first row of the table.
func (l *lab) countStatements(ctx context.Context, t *table) error {
	session, err := l.statements(ctx, whoQuery, nil)
	if err != nil {
		return err
	}
	short, err := l.statements(ctx, listQuery, map[string]any{"s": slug, "n": 20})
	if err != nil {
		return err
	}
	long, err := l.statements(ctx, listQuery, map[string]any{"s": slug, "n": listed})
	if err != nil {
		return err
	}
	r := row{what: "SQL statements for a list of 20 and of 100 recordings with transcriptions, beyond the session", bound: "the same, at most 3"}
	r.ours = fmt.Sprintf("%d and %d", short-session, long-session)
	t.add(r, short == long && long-session <= maxStatements)
	return nil
}

const (
	// connections of the CPU measurements keep both cores busy, as a server that is worth measuring is.
	connections = 4
	// rounds alternate between the two servers, so that what else the machine does strikes both.
	rounds = 5
	// round is some hundred requests, or 70 ticks of the kernel's clock.
	round = time.Second
)

// page is one thing that both servers answer in the same words.
type page struct {
	name         string
	ours, byHand []byte
}

// measureCPU fills a row for each page with the CPU time of one request.
func (l *lab) measureCPU(ctx context.Context, t *table) error {
	pages, err := l.pages()
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := l.alike(p); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		var ours, byHand, ratios []float64
		for i := range rounds + 1 {
			a, err := perRequest(ctx, l.server, p.ours)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			b, err := perRequest(ctx, l.byHand, p.byHand)
			if err != nil {
				return fmt.Errorf("%s by hand: %w", p.name, err)
			}
			if i > 0 { // the first one warms up
				ours, byHand, ratios = append(ours, a), append(byHand, b), append(ratios, a/b)
			}
		}
		ratio := median(ratios)
		t.add(row{
			what: "Server CPU of " + p.name, ours: fmt.Sprintf("%.2f ms", median(ours)), byHand: fmt.Sprintf("%.2f ms", median(byHand)),
			ratio: fmt.Sprintf("%.1f×", ratio), bound: fmt.Sprintf("at most %d×", maxCPU),
		}, ratio <= maxCPU*noise)
		say("%s: %.2f", p.name, ratios)
	}
	return nil
}

func (l *lab) pages() ([]page, error) {
	get := func(path string) ([]byte, error) {
		return wire("GET", l.byHand.url+path, "", "Authorization", "Bearer "+l.byHandIs)
	}
	id := l.transcript.String()
	var pages []page
	for _, one := range []struct {
		name, path, query string
		variables         map[string]any
	}{
		{"a list of 20 recordings with transcriptions", "/list?organization=" + slug + "&first=20", listQuery, map[string]any{"s": slug, "n": 20}},
		{"a transcript with 200 utterances", "/transcript?id=" + id, transcriptQuery, map[string]any{"id": id, "words": false}},
		{"the same with its 2,400 words", "/transcript?words&id=" + id, transcriptQuery, map[string]any{"id": id, "words": true}},
	} {
		ours, err := l.graphql(one.query, one.variables)
		if err != nil {
			return nil, err
		}
		byHand, err := get(one.path)
		if err != nil {
			return nil, err
		}
		pages = append(pages, page{one.name, ours, byHand})
	}
	return pages, nil
}

// alike refuses to compare two servers that do not say the same.
func (l *lab) alike(p page) error {
	ours, err := ask(l.server, p.ours)
	if err != nil {
		return err
	}
	byHand, err := ask(l.byHand, p.byHand)
	if err != nil {
		return fmt.Errorf("by hand: %w", err)
	}
	if !reflect.DeepEqual(ours, byHand) {
		a, _ := json.Marshal(ours)
		b, _ := json.Marshal(byHand)
		return fmt.Errorf("the answers differ:\n%.2000s\n%.2000s", a, b)
	}
	return nil
}

// perRequest is the CPU time of one request, in milliseconds.
func perRequest(ctx context.Context, p *process, request []byte) (float64, error) {
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	calls, _, err := hammer(ctx, p, connections, round, func(int) []byte { return request })
	if err != nil {
		return 0, err
	}
	after, err := p.cpu()
	if err != nil {
		return 0, err
	}
	return float64(after-before) / float64(time.Millisecond) / float64(max(calls, 1)), nil
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

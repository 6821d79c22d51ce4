package main

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

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
func (l *bench) measureCPU(ctx context.Context, t *table) error {
	pages, err := l.pages()
	if err != nil {
		return err
	}
	for _, p := range pages {
		if err := l.compare(ctx, t, p); err != nil {
			return err
		}
	}
	return nil
}

// compare fills the row of one page.
func (l *bench) compare(ctx context.Context, t *table, p page) error {
	if err := l.alike(p); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	var ours, byHand, ratios []float64
	for i := range rounds + 1 {
		a, err := perRequest(ctx, l.Server, p.ours)
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
	return nil
}

func (l *bench) pages() ([]page, error) {
	get := func(path string) ([]byte, error) {
		return wire("GET", l.byHand.URL+path, "", "Authorization", "Bearer "+l.byHandIs)
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
func (l *bench) alike(p page) error {
	ours, err := ask(l.Server, p.ours)
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
func perRequest(ctx context.Context, p *lab.Process, request []byte) (float64, error) {
	before, err := p.CPU()
	if err != nil {
		return 0, err
	}
	calls, _, err := hammer(ctx, p, connections, round, func(int) []byte { return request })
	if err != nil {
		return 0, err
	}
	after, err := p.CPU()
	if err != nil {
		return 0, err
	}
	return float64(after-before) / float64(time.Millisecond) / float64(max(calls, 1)), nil
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

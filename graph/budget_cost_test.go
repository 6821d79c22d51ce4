package graph

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func priceOf(t *testing.T, query string, variables map[string]any) int {
	t.Helper()
	p := pass(DefaultBudget())
	d, refused := p.read(query)
	if refused != nil || d.parsed == nil {
		t.Fatalf("%s: %v", query, refused)
	}
	return p.cost(d, "", variables)
}

func TestARowIsPricedAsOftenAsItWasAskedFor(t *testing.T) {
	t.Parallel()
	page := func(args string) string { return `{organization(slug:"a"){recordings` + args + `{nodes{id}}}}` }
	asked := `query($n:Int){organization(slug:"a"){recordings(first:$n){nodes{id}}}}`
	for _, test := range []struct {
		query     string
		variables map[string]any
		want      int
	}{
		{`{viewer{user{id}}}`, nil, 3},
		{page("(first:10)"), nil, 3 + 10},
		{page(""), nil, 3 + 25}, // the schema's own page
		{page("(first:null)"), nil, 3 + 25},
		{page("(first:0)"), nil, 3 + 1},
		{page("(first:-5)"), nil, 3 + 1},
		{asked, map[string]any{"n": 7}, 3 + 7},
		{asked, map[string]any{"n": json.Number("7")}, 3 + 7},
		{asked, map[string]any{"n": int64(7)}, 3 + 7},
		{asked, map[string]any{"n": 7.0}, 3 + 7},
		{asked, map[string]any{"n": "7"}, 3 + 7}, // gqlgen takes it for a number
		{asked, map[string]any{"n": nil}, 3 + 25},
		{asked, map[string]any{"n": json.Number("1e400")}, 3 + longest},
		{asked, map[string]any{"n": "NaN"}, 3 + 25},
		{asked, map[string]any{}, 3 + 25},
		{strings.Replace(asked, "$n:Int", "$n:Int=40", 1), nil, 3 + 40},
		{strings.Replace(asked, "$n:Int", "$n:Int=40", 1), map[string]any{"n": 2}, 3 + 2},
		{`{organization(slug:"a"){recordings(first:10){edges{cursor node{id audio{url}}} pageInfo{endCursor}}}}`, nil, 2 + 1 + 10*(1+1+1+5+1) + 2},
		{`{recording(id:1){transcriptions{utterances(first:4){nodes{words{text}}}}}}`, nil, 1 + 1 + assumed*(2+1+4*(1+assumed))},
		{`{nodes(ids:["a","b","c"]){id}}`, nil, 5 + 3},
		{`query($i:[ID!]!){nodes(ids:$i){id}}`, map[string]any{"i": make([]any, 80)}, 5 + 80},
		{`query($i:[ID!]!){nodes(ids:$i){id}}`, map[string]any{"i": "one"}, 5 + 1},
		{`query($i:[ID!]!=["a","b"]){nodes(ids:$i){id}}`, nil, 5 + 2},
		{`{organization(slug:"a"){recordings(first:10){...c}}} fragment c on RecordingConnection{nodes{...r}} fragment r on Recording{id}`, nil, 3 + 10},
		{`{organization(slug:"a"){a:recordings(first:10){...c} b:recordings(first:1){...c}}} fragment c on RecordingConnection{nodes{id}}`, nil, 1 + 2 + 2 + 10 + 1},
		{`{node(id:1){...on Recording{id filename} ...{id} ...on Nothing{a{b}}}}`, nil, 1 + 2 + 1 + 2},
		{`mutation{uploadCreate(input:{}){upload{id}}}`, nil, 10 + 2},
		{`subscription{transcriptionStatus(transcriptionId:1){status}}`, nil, 2},
		{`{nothing{like{this}} __typename}`, nil, 4},
	} {
		if got := priceOf(t, test.query, test.variables); got != test.want {
			t.Errorf("%s with %v costs %d, want %d", test.query, test.variables, got, test.want)
		}
	}
}

func TestProductsOfLongListsStayRefused(t *testing.T) {
	t.Parallel()
	query := `{organization(slug:"a")` + nested(4, "{members(first:2147483647){nodes{organization", "{id}", "}}}") + "}"
	if got := priceOf(t, query, nil); got != math.MaxInt32 {
		t.Errorf("costs %d", got)
	}
}

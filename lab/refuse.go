package lab

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// MaxDocument is the promise for the CPU of any document of somebody who is not signed in.
const MaxDocument = 50 * time.Millisecond

// times a document is sent: the clock of the kernel ticks 100 times a second.
const times = 40

// document is one that costs much to refuse or to answer. Blanks at its end make it a new one each time:
// what was accepted once is remembered.
type document struct{ name, text string }

func documents() []document {
	return []document{
		{"fragments that double 40 times", "{...f0}" + repeat(40, "fragment f# on Query{...f@ ...f@}") + "fragment f40 on Query{__typename}"},
		{"10,000 aliases", "{" + repeat(10_000, "a#:__typename ") + "}"},
		{"2,000 fragments in a chain", "{...f0}" + repeat(2000, "fragment f# on Query{...f@}") + "fragment f2000 on Query{__typename}"},
		{"a field 138 times", "{viewer{user{" + repeat(138, "id ") + "}}}"},
		{"pairs of pairs", "{viewer{" + repeat(90, "memberships{user{id} user{id}}") + "}}"},
		{"900 directives", "{__typename " + repeat(900, "@skip ") + "}"},
		{"10,000 levels of a list", "{nodes(ids:" + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "){id}}"},
		{"480 levels of a list", "{nodes(ids:" + strings.Repeat("[", 480) + strings.Repeat("]", 480) + "){id}}"},
		{"480 unknown fields", "{viewer{" + repeat(480, "n# ") + "}}"},
		{"28 operations over a chain of fragments", repeat(28, "query q#{...f0}") + repeat(19, "fragment f# on Query{...f@}") + "fragment f19 on Query{__typename}"},
		{"140 wrong values", `{viewer{organization{recordings(first:1 source:[` + repeat(140, strings.Repeat("longName", 12)+"# ") + `]){nodes{id}}}}}`},
		{"one text of 200 KB", `{organization(slug:"` + strings.Repeat("a", 200<<10) + `"){id}}`},
		{"comments and nothing else", strings.Repeat("#\n", 100_000) + "{__typename}"},
	}
}

// repeat writes n pieces: # is its number, @ the next one.
func repeat(n int, piece string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.NewReplacer("#", fmt.Sprint(i), "@", fmt.Sprint(i+1)).Replace(piece))
	}
	return b.String()
}

// Refusal is what one document cost.
type Refusal struct {
	Name, Answer string
	CPU          time.Duration
}

// Refuse sends the most expensive documents that we know of, from nobody.
func (l *Lab) Refuse(ctx context.Context) (list []Refusal, err error) {
	client := &http.Client{Timeout: Patience, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for _, d := range documents() {
		r := Refusal{Name: d.name}
		before, err := l.Server.CPU()
		if err != nil {
			return nil, err
		}
		for i := range times {
			if r.Answer, err = l.Ask(ctx, client, "", d.text+strings.Repeat(" ", i), nil); err != nil {
				return nil, err
			}
		}
		after, err := l.Server.CPU()
		if err != nil {
			return nil, err
		}
		r.CPU = (after - before) / times
		list = append(list, r)
	}
	return list, nil
}

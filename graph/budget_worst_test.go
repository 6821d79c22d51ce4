package graph

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/switchboard-voice/switchboard/graph/generated"
	"github.com/vektah/gqlparser/v2/ast"
)

// repeat writes n pieces, each after its number.
func repeat(n int, piece string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(piece, "#", fmt.Sprint(i)))
		b.WriteByte(' ')
	}
	return b.String()
}

// doubling is a chain of n fragments, each of which spreads the next twice in what between makes of it.
func doubling(n int, between string) string {
	var b strings.Builder
	b.WriteString("{...f0}")
	for i := range n {
		fmt.Fprintf(&b, "fragment f%d on Query{%s}", i, strings.ReplaceAll(between, "#", fmt.Sprintf("...f%d", i+1)))
	}
	fmt.Fprintf(&b, "fragment f%d on Query{__typename}", n)
	return b.String()
}

func nested(n int, open, inner, shut string) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
}

// attack is a document that is over a limit.
type attack struct{ limit, query string }

func attacks() map[string]attack {
	return map[string]attack{
		"fragment doubling":                    {"cost", doubling(40, "# #")},
		"fragment doubling below fields":       {"depth", doubling(14, "a:node(id:1){...on Query{#}} b:node(id:1){...on Query{#}}")},
		"10,000 aliases":                       {"bytes", "{" + repeat(10_000, "a#:__typename") + "}"},
		"10,000 times one field":               {"bytes", "{" + repeat(10_000, "__typename") + "}"},
		"500 times one field":                  {"comparisons", "{viewer{user{" + repeat(500, "id") + "}}}"},
		"2,000 fragments in a chain":           {"bytes", "{...f0}" + repeat(2000, "fragment f# on Query{...f#0}")},
		"a fragment that holds itself":         {"fragment cycles", "{...f} fragment f on Query{...g} fragment g on Query{...f}"},
		"a cycle that nobody spreads":          {"fragment cycles", "{__typename} fragment f on Query{...f}"},
		"overlapping fields three deep":        {"comparisons", "{viewer{" + repeat(90, "memberships{user{id} user{id}}") + "}}"},
		"overlapping below inline":             {"comparisons", "{viewer{user{" + nested(13, "...{", repeat(100, "id"), "}") + "}}}"},
		"overlapping through fragments":        {"comparisons", "{viewer{user{" + repeat(40, "...f#") + "}}}" + repeat(40, "fragment f# on User{id id id id}")},
		"directives at one field":              {"tokens", "{__typename " + repeat(900, "@skip") + "}"},
		"directives at many fields":            {"directives", "{viewer{user{" + repeat(100, "id @skip(if:true)") + "}}}"},
		"directives of variables":              {"directives", "query(" + repeat(80, "$a#:Int @skip(if:true)") + "){__typename}"},
		"fields 200 deep":                      {"depth", nested(200, "{node", "{id}", "}")},
		"10,000 levels of a list":              {"bytes", "{nodes(ids:" + nested(10_000, "[", "", "]") + "){id}}"},
		"lists in lists":                       {"cost", `{organization(slug:"a"){recordings(first:100){nodes{transcriptions{utterances(first:500){nodes{words{text}}}}}}}}`},
		"more rows than there are":             {"cost", `{organization(slug:"a"){recordings(first:1` + strings.Repeat("0", 300) + `){nodes{id}}}}`},
		"1,000 operations":                     {"bytes", repeat(1000, "query q#{__typename}")},
		"100 root fields through spreads":      {"root fields", "{" + repeat(20, "...f") + repeat(50, "__typename") + "} fragment f on Query{" + repeat(50, "__typename") + "}"},
		"a long text":                          {"bytes", `{organization(slug:"` + strings.Repeat("a", 200<<10) + `"){id}}`},
		"nothing but comments":                 {"bytes", strings.Repeat("#\n", 100_000) + "{__typename}"},
		"nothing but blanks":                   {"bytes", strings.Repeat(" ", 200<<10) + "{__typename}"},
		"every type by every type":             {"cost", "{__schema{" + repeat(20, "t#:types{fields{type{name fields{name type{name}}}}}") + "}}"},
		"fragments that spread all later ones": {"cost", "{viewer{user{...f0}}}" + fan(21)},
		"half as many aliases as tokens":       {"aliases", "{viewer{user{" + repeat(240, "a#:id") + "}}}"},
		"100 fragments":                        {"definitions", "{__typename}" + repeat(100, "fragment f# on Query{a}")},
		"more fragments than operations":       {"fragments", "{__typename}" + repeat(46, "fragment f# on Query{a}")},
		"the same directive again":             {"directives at one place", "{__typename @a @a @a @a}"},
		"names to measure guesses against":     {"bytes of a name", "{__typename}" + repeat(44, "fragment f# on "+strings.Repeat("Transcription", 20)+"#{id}")},
		"more tokens than a screen has":        {"tokens", "{viewer{user{" + repeat(2000, "id") + "}}}"},
	}
}

// brim are documents that are let in, or fail as documents, with as much of one thing as the budget has.
func brim() map[string]string {
	long := strings.Repeat("longName", 12)
	return map[string]string{
		"one field as often as may be":       "{viewer{user{" + repeat(138, "id") + "}}}",
		"one field in nested inline":         "{viewer{user{" + nested(13, "...{", repeat(34, "id"), "}") + "}}}",
		"pairs all the way down":             "{viewer{" + nested(2, "memberships{organization{viewerRole viewerRole} organization{", "id id", "}}") + "}}",
		"arguments of overlapping fields":    "{viewer{organization{" + repeat(30, `members(first:1 first:1 after:"a" after:"a"){pageInfo{endCursor}}`) + "}}}",
		"objects in overlapping fields":      "{" + repeat(19, "nodes(ids:{a:1 b:2 c:3 d:4 e:5 f:6}){id}") + "}",
		"spreads of one fragment":            "{viewer{user{" + repeat(130, "...f") + "}}} fragment f on User{id}",
		"fragments that spread all":          "{viewer{user{...f0}}}" + fan(13),
		"unknown fields":                     "{viewer{" + repeat(480, "n#") + "}}",
		"unknown long fields":                "{viewer{" + repeat(140, long+"#") + "}}",
		"unknown arguments":                  "{viewer{organization{members(" + repeat(300, "n#:1") + "){nodes{id}}}}}",
		"unknown long arguments":             "{viewer{organization{members(" + repeat(140, long+"#:1") + "){nodes{id}}}}}",
		"unknown types":                      "{__typename}" + repeat(44, "fragment f# on "+long+"{id}"),
		"unknown types of variables":         "query(" + repeat(140, "$a#:"+long) + "){__typename}",
		"unused variables":                   "query(" + repeat(160, "$a#:Int=1") + "){__typename}",
		"wrong enum values":                  `{viewer{organization{recordings(first:1 source:[` + repeat(140, long+"#") + `]){nodes{id}}}}}`,
		"wrong fields of an input":           "mutation{uploadCreate(input:{" + repeat(140, long+"#:1") + "}){upload{id}}}",
		"one long wrong value, often":        repeat(40, `query q#{...f}`) + `fragment f on Query{viewer{organization{members(first:"` + strings.Repeat("é", 7000) + `"){nodes{id}}}}}`,
		"deep list value":                    "{nodes(ids:" + nested(480, "[", "", "]") + "){id}}",
		"deep object value":                  "mutation{uploadCreate(input:" + nested(200, "{a:", "1", "}") + "){upload{id}}}",
		"many operations over fragments":     repeat(28, "query q#{...f0}") + chain(20),
		"a chain of fragments":               "{...f0}" + chain(44),
		"one escaped text":                   `{organization(slug:"` + strings.Repeat(`\u00e9`, 2700) + `"){id}}`,
		"one block text":                     `{organization(slug:"""` + strings.Repeat("\n  a", 4000) + `"""){id}}`,
		"comments":                           strings.Repeat("#\n", 990) + "{__typename}",
		"many nobody's roots":                "{" + repeat(20, `organization(slug:"a"){id}`) + "}",
		"introspection of the widest type":   `{__type(name:"Transcription"){` + repeat(24, "f#:fields{name type{name fields{name type{name}}}}") + `}}`,
		"introspection in possible types":    `{__type(name:"Node"){possibleTypes{` + repeat(6, "f#:fields{name args{name type{name}} type{name ofType{name ofType{name}}}}") + `}}}`,
		"introspection with every directive": "{__schema{" + repeat(29, "d#:directives{name locations args{name type{name}}}") + "}}",
		"introspection of all":               introspectionQuery,
	}
}

func fan(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "fragment f%d on User{id ", i)
		for j := i + 1; j < n; j++ {
			fmt.Fprintf(&b, "...f%d ", j)
		}
		b.WriteByte('}')
	}
	return b.String()
}

func chain(n int) string {
	var b strings.Builder
	for i := range n - 1 {
		fmt.Fprintf(&b, "fragment f%d on Query{...f%d}", i, i+1)
	}
	fmt.Fprintf(&b, "fragment f%d on Query{__typename}", n-1)
	return b.String()
}

// engine is gqlgen as the server sets it up, over rooms that a document of nobody's never enters.
func engine(budget Budget) *executor.Executor {
	resolver := &Resolver{}
	schema := generated.NewExecutableSchema(generated.Config{Resolvers: resolver})
	exec := executor.New(schema)
	exec.SetQueryCache(lru.New[*ast.QueryDocument](documents))
	exec.SetErrorPresenter(present)
	exec.SetRecoverFunc(recovered)
	exec.Use(NewBudgetPass(schema.Schema(), budget))
	exec.SetDefaultRulesFn(noHints)
	exec.Use(introspection{})
	exec.AroundResponses(resolver.remembering)
	return exec
}

// run answers a document whole, and says which limit of the budget refused it.
func run(ctx context.Context, exec graphql.GraphExecutor, query, operation string, variables map[string]any) (response *graphql.Response, limit string) {
	ctx = graphql.StartOperationTrace(ctx)
	rc, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: query, OperationName: operation, Variables: variables})
	if errs != nil {
		if errs[0].Extensions["code"] == codeTooExpensive {
			limit, _ = errs[0].Extensions["limit"].(string)
		}
		return exec.DispatchError(graphql.WithOperationContext(ctx, rc), errs), limit
	}
	responses, ctx := exec.DispatchOperation(ctx, rc)
	return responses(ctx), ""
}

// mostCPU is the promise of the budget, for a document that is seen for the first time.
const mostCPU = 50 * time.Millisecond

func cpu(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatalf("reading the CPU time: %v", err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// Not parallel: the time is that of the whole process.
func TestNoDocumentOfNobodysCosts50MillisecondsOfCPU(t *testing.T) {
	worst := brim()
	for name, a := range attacks() {
		worst["refused: "+name] = a.query
	}
	for name, query := range worst {
		least := time.Hour
		for range 3 { // the collector may clear up after an earlier document in one of them
			exec := engine(DefaultBudget())
			before := cpu(t)
			run(t.Context(), exec, query, "", nil)
			least = min(least, cpu(t)-before)
		}
		if least > mostCPU*raceFactor {
			t.Errorf("%s: %s", name, least)
		}
	}
}

func BenchmarkWorstDocuments(b *testing.B) {
	for name, a := range attacks() {
		b.Run("refused/"+name, func(b *testing.B) { benchmark(b, a.query) })
	}
	for name, query := range brim() {
		b.Run("answered/"+name, func(b *testing.B) { benchmark(b, query) })
	}
}

// benchmark answers a document that was not seen before.
func benchmark(b *testing.B, query string) {
	exec := engine(DefaultBudget())
	before := cpu(b)
	for b.Loop() {
		exec.SetQueryCache(graphql.NoCache[*ast.QueryDocument]{})
		run(b.Context(), exec, query, "", nil)
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N)/1e6, "cpu-ms/op")
}

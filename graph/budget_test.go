package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	gorilla "github.com/gorilla/websocket"
	"github.com/switchboard-voice/switchboard/graph/generated"
	"github.com/switchboard-voice/switchboard/internal/authjs"
)

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

func pass(budget Budget) *BudgetPass {
	schema := generated.NewExecutableSchema(generated.Config{Resolvers: &Resolver{}})
	return NewBudgetPass(schema.Schema(), budget)
}

func TestEveryKnownAttackIsRefusedWithTheLimitAndTheNumber(t *testing.T) {
	t.Parallel()
	p := pass(DefaultBudget())
	for name, a := range attacks() {
		refused := p.MutateOperationParameters(t.Context(), &graphql.RawParams{Query: a.query})
		if refused == nil {
			t.Errorf("%s: let in", name)
			continue
		}
		most, got := refused.Extensions["max"].(int), refused.Extensions["got"].(int)
		if refused.Extensions["code"] != codeTooExpensive || refused.Extensions["limit"] != a.limit || got <= most {
			t.Errorf("%s: %v, want the limit of %s", name, refused.Extensions, a.limit)
		}
		if !strings.Contains(refused.Message, a.limit) {
			t.Errorf("%s: the message does not name the limit: %s", name, refused.Message)
		}
	}
}

func TestWhatIsUpToTheBrimOfTheBudgetIsAnswered(t *testing.T) {
	t.Parallel()
	exec := engine(DefaultBudget())
	for name, query := range brim() {
		if _, limit := run(t.Context(), exec, query, "", nil); limit != "" {
			t.Errorf("%s: over the limit of %s", name, limit)
		}
	}
}

func TestGraphiQLsIntrospectionIsAnswered(t *testing.T) {
	t.Parallel()
	response, limit := run(t.Context(), engine(DefaultBudget()), introspectionQuery, "", nil)
	if limit != "" || len(response.Errors) > 0 || !bytes.Contains(response.Data, []byte("transcriptionRetry")) {
		t.Errorf("limit %q, errors %v", limit, response.Errors)
	}
}

func TestEachLimitIsExact(t *testing.T) {
	t.Parallel()
	fits := `query a{x:viewer{user{...f}} viewer{user{...g}}} fragment f on User{id @skip(if:true)} fragment g on User{id}`
	exact := Budget{Bytes: len(fits), Tokens: 43, Definitions: 3, Fragments: 2, Directives: 1, Aliases: 1, Depth: 3, RootFields: 2, Comparisons: 12, Cost: 6}
	if refused := pass(exact).MutateOperationParameters(t.Context(), &graphql.RawParams{Query: fits}); refused != nil {
		t.Fatalf("refused: %v", refused)
	}
	for limit, field := range map[string]func(*Budget) *int{
		"bytes": func(b *Budget) *int { return &b.Bytes }, "tokens": func(b *Budget) *int { return &b.Tokens },
		"definitions": func(b *Budget) *int { return &b.Definitions }, "fragments": func(b *Budget) *int { return &b.Fragments },
		"directives": func(b *Budget) *int { return &b.Directives }, "aliases": func(b *Budget) *int { return &b.Aliases },
		"depth": func(b *Budget) *int { return &b.Depth }, "root fields": func(b *Budget) *int { return &b.RootFields },
		"comparisons": func(b *Budget) *int { return &b.Comparisons }, "cost": func(b *Budget) *int { return &b.Cost },
	} {
		tight := exact
		*field(&tight)--
		refused := pass(tight).MutateOperationParameters(t.Context(), &graphql.RawParams{Query: fits})
		if refused == nil || refused.Extensions["limit"] != limit || refused.Extensions["max"] != *field(&tight) {
			t.Errorf("%s one tighter: %v", limit, refused)
		}
	}
}

func TestRefusedDocumentsPushNothingOutOfTheMemory(t *testing.T) {
	t.Parallel()
	p := pass(DefaultBudget())
	for _, a := range attacks() {
		_ = p.MutateOperationParameters(t.Context(), &graphql.RawParams{Query: a.query})
		if _, kept := p.fit.Get(t.Context(), a.query); kept {
			t.Errorf("kept: %.80s", a.query)
		}
	}
}

func TestADocumentThatWasLetInIsPricedAnewWithOtherVariables(t *testing.T) {
	t.Parallel()
	p := pass(Budget{Bytes: 1000, Tokens: 100, Definitions: 1, Depth: 5, RootFields: 1, Comparisons: 100, Cost: 100})
	const query = `query($n:Int!){organization(slug:"a"){recordings(first:$n){nodes{id}}}}`
	for _, n := range []int{50, 100, 50, 98, 97} {
		refused := p.MutateOperationParameters(t.Context(), &graphql.RawParams{Query: query, Variables: map[string]any{"n": n}})
		if (refused != nil) != (n > 97) {
			t.Errorf("%d rows: %v", n, refused)
		}
	}
}

func TestTheWholeDocumentIsMeasuredAndOnlyTheNamedOperationPriced(t *testing.T) {
	t.Parallel()
	exec := engine(DefaultBudget())
	const both = `query cheap{viewer{user{id}}} query dear{organization(slug:"a"){recordings(first:100000){nodes{id}}}}`
	if _, limit := run(t.Context(), exec, both, "cheap", nil); limit != "" {
		t.Errorf("cheap: over the limit of %s", limit)
	}
	if _, limit := run(t.Context(), exec, both, "dear", nil); limit != "cost" {
		t.Errorf("dear: %q", limit)
	}
	deep := `query cheap{viewer{user{id}}} query deep` + nested(20, "{node(id:1)", "{id}", "}")
	if _, limit := run(t.Context(), exec, deep, "cheap", nil); limit != "depth" {
		t.Errorf("next to a deep one: %q", limit)
	}
}

func TestABrokenTextIsLeftToTheParser(t *testing.T) {
	t.Parallel()
	exec := engine(DefaultBudget())
	for _, query := range []string{"", "{", "}", "{a(", `{a(b:"`, "query", "{a}}", "\xff", "type A{b:C}", "{a}\x00"} {
		response, limit := run(t.Context(), exec, query, "", nil)
		if limit != "" || len(response.Errors) == 0 || response.Errors[0].Extensions["code"] == nil {
			t.Errorf("%q: limit %q, errors %v", query, limit, response.Errors)
		}
	}
}

func TestAWrongNameGetsNoHintWhatIsRight(t *testing.T) {
	t.Parallel()
	exec := engine(DefaultBudget())
	exec.SetDisableSuggestion(true)
	exec.SetDefaultRulesFn(noHints)
	for _, query := range []string{
		`{viewe{user{id}}}`, `{organization(slu:"a"){id}}`, `{__typename} fragment f on Organizatio{id}`, `query($a:Organizatio){viewer{user{id}}}`,
		`{organization(slug:"a"){recordings(source:UPLOA){nodes{id}}}}`, `mutation{uploadCreate(input:{filenam:"a"}){upload{id}}}`, `{viewer}`,
	} {
		response, _ := run(t.Context(), exec, query, "", nil)
		if len(response.Errors) == 0 || strings.Contains(response.Errors.Error(), "Did you mean") {
			t.Errorf("%s: %v", query, response.Errors)
		}
	}
}

// server is the whole face, with rooms that nobody's documents never enter.
func server(t *testing.T) *httptest.Server {
	t.Helper()
	keys, err := authjs.NewKeys([]string{strings.Repeat("k", 40)})
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(Deps{Keys: keys, Budget: DefaultBudget(), Now: time.Now})
	listener := httptest.NewServer(s)
	t.Cleanup(func() {
		listener.Close()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("closing the sockets: %v", err)
		}
	})
	return listener
}

func TestTheBudgetHoldsOverHTTPAndOnSockets(t *testing.T) {
	t.Parallel()
	listener := server(t)
	body, _ := json.Marshal(map[string]string{"query": doubling(20, "# #")})
	response, err := http.Post(listener.URL, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Errors []refusalShown }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || len(answer.Errors) != 1 || answer.Errors[0].Extensions.Code != codeTooExpensive {
		t.Errorf("over HTTP: %+v, %v", answer, err)
	}

	dialer := gorilla.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	conn, upgrade, err := dialer.Dial("ws"+strings.TrimPrefix(listener.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = upgrade.Body.Close(); _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	var told struct{ Payload []refusalShown }
	for _, step := range []error{
		conn.WriteMessage(gorilla.TextMessage, []byte(`{"type":"connection_init"}`)), conn.ReadJSON(&struct{}{}),
		conn.WriteMessage(gorilla.TextMessage, []byte(`{"id":"1","type":"subscribe","payload":`+string(body)+`}`)), conn.ReadJSON(&told),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	if len(told.Payload) != 1 || told.Payload[0].Extensions.Code != codeTooExpensive || told.Payload[0].Extensions.Limit != "cost" {
		t.Errorf("on a socket: %+v", told)
	}
}

type refusalShown struct {
	Extensions struct{ Code, Limit string }
}

package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

const codeTooExpensive = "TOO_EXPENSIVE"

// Budget is what a document may cost at most. Every number is about the document alone, before anybody
// is asked who they are.
type Budget struct {
	Bytes       int // of the text, without the variables
	Tokens      int // names, marks and comments
	Definitions int // operations and fragments
	Fragments   int
	Directives  int
	Aliases     int
	Depth       int // fields and inline fragments inside each other, with named fragments put in place
	RootFields  int // of one operation
	Comparisons int // of fields that share a name: validation compares each with each
	Cost        int // @cost of each field, times the length of the lists around it
}

// DefaultBudget admits the whole of a large screen in one document and the introspection of GraphiQL,
// and keeps every document that nobody signed in for under 50 ms of CPU.
func DefaultBudget() Budget {
	return Budget{
		Bytes:       16 << 10, // eight times GraphiQL's introspection
		Tokens:      1000,     // four times that
		Definitions: 50,
		Fragments:   45,
		Directives:  20,
		Aliases:     30,
		Depth:       16, // introspection has 15
		RootFields:  20,
		Comparisons: 10_000, // about 3 ms of validation
		Cost:        60_000, // introspection of our schema, and a page of 500 utterances with their words
	}
}

// BudgetPass refuses what is too expensive before gqlgen validates it. gqlgen's own limit of complexity
// walks a fragment as often as it is spread, so that 30 lines of text hold a processor for days; here
// every definition is walked once.
type BudgetPass struct {
	budget Budget
	schema *ast.Schema
	tariff tariff
	fit    *lru.LRU[document] // what was accepted before; only its price depends on the variables
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = (*BudgetPass)(nil)

// NewBudgetPass makes the extension.
func NewBudgetPass(schema *ast.Schema, budget Budget) *BudgetPass {
	return &BudgetPass{budget: budget, schema: schema, tariff: newTariff(schema), fit: lru.New[document](documents)}
}

// ExtensionName is for gqlgen.
func (*BudgetPass) ExtensionName() string { return "Budget" }

// Validate is for gqlgen; every schema will do.
func (*BudgetPass) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters refuses an operation that is over the budget. It runs before gqlgen parses.
func (p *BudgetPass) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	d, known := p.fit.Get(ctx, params.Query)
	if !known {
		var refused *gqlerror.Error
		if d, refused = p.read(params.Query); refused != nil || d.parsed == nil {
			return refused
		}
	}
	cost := p.cost(d, params.OperationName, params.Variables)
	if refused := over("cost", p.budget.Cost, cost); refused != nil {
		return refused
	}
	if graphql.HasOperationContext(ctx) {
		graphql.GetOperationContext(ctx).Stats.SetExtension(costKey, cost)
	}
	if !known { // never what was refused: an attacker must not push out what the frontend sends
		p.fit.Add(ctx, params.Query, d)
	}
	return nil
}

// document is a text that was read. It is shared by requests and never changes: validation, which writes
// into what it validates, has a copy of its own.
type document struct {
	parsed    *ast.QueryDocument // nil when the text is no document: gqlgen says why
	fragments map[string]*ast.FragmentDefinition
}

// read takes a text apart and measures all that does not depend on variables.
func (p *BudgetPass) read(text string) (document, *gqlerror.Error) {
	if refused := over("bytes", p.budget.Bytes, len(text)); refused != nil {
		return document{}, refused
	}
	tokens, longest := lex(text, p.budget.Tokens)
	if refused := over("tokens", p.budget.Tokens, tokens); refused != nil {
		return document{}, refused
	}
	if refused := over("bytes of a name", maxName, longest); refused != nil {
		return document{}, refused
	}
	parsed, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return document{}, nil
	}
	d := document{parsed: parsed, fragments: make(map[string]*ast.FragmentDefinition, len(parsed.Fragments))}
	for _, f := range parsed.Fragments {
		if d.fragments[f.Name] == nil { // of two with the same name the first counts, as in validation
			d.fragments[f.Name] = f
		}
	}
	if refused := p.size(d); refused != nil {
		return document{}, refused
	}
	return d, p.overlap(d)
}

// maxName is twice our longest name. Validation measures how far a wrong name is from each right one.
const maxName = 100

// lex counts up to one token more than most and finds the longest name. It stops where the text is broken;
// so does the parser.
func lex(text string, most int) (n, longest int) {
	l := lexer.New(&ast.Source{Input: text})
	for ; n <= most; n++ {
		token, err := l.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			break
		}
		if token.Kind == lexer.Name {
			longest = max(longest, len(token.Value))
		}
	}
	return n, longest
}

// over makes the refusal, which tells a client the limit and the number.
func over(limit string, most, got int) *gqlerror.Error {
	if got <= most {
		return nil
	}
	return &gqlerror.Error{
		Message:    fmt.Sprintf("This document is too expensive: the limit of %s is %d, it has %d or more.", limit, most, got),
		Extensions: map[string]any{"code": codeTooExpensive, "limit": limit, "max": most, "got": got},
	}
}

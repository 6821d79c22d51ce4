package graph

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/switchboard-voice/switchboard/graph/generated"
	"github.com/vektah/gqlparser/v2/ast"
	"pgregory.net/rapid"
)

// writer draws documents of our schema: every field exists, fragments spread later ones only.
type writer struct {
	*rapid.T
	schema    *ast.Schema
	fragments []string // their types
}

func (w writer) set(def *ast.Definition, deep int, after int) string {
	var b strings.Builder
	b.WriteString("{__typename ")
	for range rapid.IntRange(0, 3).Draw(w.T, "selections") {
		switch kind := rapid.IntRange(0, 9).Draw(w.T, "selection"); {
		case kind == 0 && after < len(w.fragments):
			fmt.Fprintf(&b, "...f%d ", rapid.IntRange(after, len(w.fragments)-1).Draw(w.T, "spread"))
		case kind == 1 && deep > 0:
			b.WriteString("..." + w.set(def, deep-1, after))
		case len(def.Fields) > 0:
			b.WriteString(w.field(rapid.SampledFrom(def.Fields).Draw(w.T, "field"), deep, after))
		}
	}
	return b.String() + "}"
}

func (w writer) field(f *ast.FieldDefinition, deep, after int) string {
	text := f.Name
	if f.Arguments.ForName("first") != nil {
		text += rapid.SampledFrom([]string{"", "(first:3)", "(first:100)", "(first:$n)", "(first:$none)"}).Draw(w.T, "first")
	}
	if below := w.schema.Types[f.Type.Name()]; below.IsCompositeType() {
		if deep == 0 {
			return ""
		}
		return text + w.set(below, deep-1, after)
	}
	return text + " "
}

// fitting is a document with up to five fragments.
func fitting(t *rapid.T, schema *ast.Schema) string {
	w := writer{T: t, schema: schema}
	w.fragments = rapid.SliceOfN(rapid.SampledFrom([]string{"Query", "Organization", "Recording", "RecordingConnection", "Transcription", "UtteranceConnection", "__Type"}), 0, 5).Draw(t, "fragments")
	text := "query q($n:Int=7,$none:Int)" + w.set(schema.Query, 4, 0)
	for i, on := range w.fragments {
		text += fmt.Sprintf("fragment f%d on %s%s", i, on, w.set(schema.Types[on], 3, i+1))
	}
	return text
}

// slow prices a set in the plainest way: every fragment is walked as often as it is spread, every list is
// multiplied where it stands. page is the length that the parent was asked for.
func slow(p *pricing, parent *ast.Definition, set ast.SelectionSet, page float64) (sum float64, deep int) {
	for _, selection := range set {
		var part float64
		var below int
		switch s := selection.(type) {
		case *ast.InlineFragment:
			part, below = slow(p, parent, s.SelectionSet, page)
			below++
		case *ast.FragmentSpread:
			f := p.fragments[s.Name]
			part, below = slow(p, p.schema.Types[f.TypeCondition], f.SelectionSet, page)
		case *ast.Field:
			def := parent.Fields.ForName(s.Name)
			if def == nil {
				part, below = 1, 0
			} else {
				known, fixed := p.tariff.lengths[def]
				asked, sized := p.items(def, s)
				next, times := float64(assumed), 1.0
				switch list := def.Type.Elem != nil; {
				case fixed:
					times = known
				case sized && list:
					times = asked
				case sized:
					next = asked
				case list:
					times = page
				}
				inner, d := slow(p, p.schema.Types[def.Type.Name()], s.SelectionSet, next)
				part, below = p.tariff.weight(def)+times*inner, d
			}
			below++
		}
		sum, deep = sum+part, max(deep, below)
	}
	return sum, deep
}

func TestThePriceIsWhatWalkingEverySpreadWouldGive(t *testing.T) {
	t.Parallel()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	budget := DefaultBudget()
	budget.Depth, budget.Cost, budget.Aliases, budget.Bytes, budget.Tokens, budget.RootFields = 1000, math.MaxInt32, 1000, 1<<20, 1<<20, 1000
	p := NewBudgetPass(schema, budget)
	rapid.Check(t, func(t *rapid.T) {
		text := fitting(t, schema)
		d, refused := p.read(text)
		if refused != nil || d.parsed == nil {
			t.Fatalf("%s: %v", text, refused)
		}
		fast := p.pricing(d, d.parsed.Operations[0], nil)
		total := fast.total()
		want, deep := slow(fast, schema.Query, d.parsed.Operations[0].SelectionSet, assumed)
		if math.Abs(float64(total)-min(want, math.MaxInt32)) > 1+want*1e-9 {
			t.Errorf("%s\ncosts %d, want %f", text, total, want)
		}
		c := countAll(d)
		for _, f := range d.parsed.Fragments { // nobody may spread it: its depth counts all the same
			_, below := slow(fast, schema.Types[f.TypeCondition], f.SelectionSet, assumed)
			deep = max(deep, below)
		}
		if c.depth != deep {
			t.Errorf("%s\nis %d deep, want %d", text, c.depth, deep)
		}
	})
}

// wild are documents that fit no schema, with cycles, floods and names that clash.
func wild(t *rapid.T) string {
	var set func(deep int) string
	set = func(deep int) string {
		var b strings.Builder
		b.WriteString("{")
		for range rapid.IntRange(1, 6).Draw(t, "selections") {
			name := rapid.SampledFrom([]string{"a", "b", "x:a", "viewer", "user", "id", "__schema", "types", "fields"}).Draw(t, "name")
			name += rapid.SampledFrom([]string{"", "", "", "@skip(if:true)", "(first:9)"}).Draw(t, "more")
			switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
			case kind == 0:
				fmt.Fprintf(&b, "...f%d ", rapid.IntRange(0, 6).Draw(t, "spread"))
			case kind == 1 && deep > 0:
				b.WriteString("...on Query" + set(deep-1))
			case kind == 2 && deep > 0:
				b.WriteString(name + set(deep-1))
			default:
				b.WriteString(name + " ")
			}
		}
		return b.String() + "}"
	}
	text := ""
	for range rapid.IntRange(1, 3).Draw(t, "operations") {
		text += "query q" + set(4)
	}
	for i := range rapid.IntRange(0, 7).Draw(t, "fragments") {
		text += fmt.Sprintf("fragment f%d on Query%s", i%6, set(3))
	}
	return text
}

func TestNoDocumentTakesMoreStepsThanItHasTokens(t *testing.T) {
	t.Parallel()
	p := pass(DefaultBudget())
	rapid.Check(t, func(t *rapid.T) { checkSteps(t, p, wild(t)) })
}

// checkSteps is the promise that refusing is cheap: every walk is bounded by the text or by the budget.
func checkSteps(t rapid.TB, p *BudgetPass, text string) {
	most, _ := lex(text, 1<<20)
	d, refused := p.read(text)
	if d.parsed == nil {
		return // refused before a walk began, or no document
	}
	if c := countAll(d); c.steps > most {
		t.Errorf("%q: %d steps of counting, %d tokens", text, c.steps, most)
	}
	if refused != nil {
		return
	}
	for _, op := range d.parsed.Operations {
		pricing := p.pricing(d, op, nil)
		if pricing.total(); pricing.steps > most {
			t.Errorf("%q: %d steps of pricing, %d tokens", text, pricing.steps, most)
		}
	}
	o := overlaps{fragments: d.fragments, left: p.budget.Comparisons}
	for _, op := range d.parsed.Operations {
		o.merge(op.SelectionSet)
		o.descend(op.SelectionSet, o.merge)
	}
	if spent := p.budget.Comparisons - o.left; spent > p.budget.Comparisons+most {
		t.Errorf("%q: %d comparisons", text, spent)
	}
}

func FuzzBudget(f *testing.F) {
	for _, a := range attacks() {
		f.Add(a.query[:min(len(a.query), 4<<10)])
	}
	for _, query := range brim() {
		f.Add(query)
	}
	p, exec := pass(DefaultBudget()), engine(DefaultBudget())
	f.Fuzz(func(t *testing.T, text string) {
		checkSteps(t, p, text)
		first := p.MutateOperationParameters(t.Context(), &graphql.RawParams{Query: text})
		again := p.MutateOperationParameters(t.Context(), &graphql.RawParams{Query: text})
		if (first == nil) != (again == nil) {
			t.Errorf("%q: %v at first, then %v", text, first, again)
		}
		ctx := graphql.StartOperationTrace(t.Context())
		if rc, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: text}); errs == nil && rc.Operation == nil {
			t.Errorf("%q: neither an operation nor an error", text)
		}
	})
}

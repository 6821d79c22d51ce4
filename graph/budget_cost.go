package graph

import (
	"fmt"
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
)

const (
	// assumed is the length of a list that no argument bounds: chapters of a call, words of an utterance.
	assumed = 10
	// longest keeps products finite where somebody asks for 10^300 rows.
	longest = 1e9
)

// price is what a selection set costs. Lists in it that have no length of their own, as the edges of a
// connection, cost each for every item of the page that their parent was asked for. Floating point
// instead of integers: there is no overflow to make use of.
type price struct{ fixed, each float64 }

func (p price) of(items float64) float64 { return p.fixed + items*p.each }

// pricing finds the price of one operation. A fragment has one, wherever it is spread.
type pricing struct {
	schema    *ast.Schema
	tariff    tariff
	fragments map[string]*ast.FragmentDefinition
	operation *ast.OperationDefinition
	variables map[string]any
	known     map[string]price

	steps int // selections looked at: never more than the text has
}

// cost is the price of the operation that is to run; the others of the document cost nothing.
func (p *BudgetPass) cost(d document, operation string, variables map[string]any) int {
	op := d.parsed.Operations.ForName(operation)
	if op == nil {
		return 0 // gqlgen says that there is no such operation
	}
	return p.pricing(d, op, variables).total()
}

func (p *BudgetPass) pricing(d document, op *ast.OperationDefinition, variables map[string]any) *pricing {
	return &pricing{schema: p.schema, tariff: p.tariff, fragments: d.fragments, operation: op, variables: variables, known: map[string]price{}}
}

func (p *pricing) total() int {
	root := p.schema.Query
	switch p.operation.Operation {
	case ast.Mutation:
		root = p.schema.Mutation
	case ast.Subscription:
		root = p.schema.Subscription
	}
	return int(min(p.set(root, p.operation.SelectionSet).of(assumed), math.MaxInt32))
}

// set prices a selection set on a type; nil is a type that there is not, which validation will say.
func (p *pricing) set(parent *ast.Definition, set ast.SelectionSet) (sum price) {
	for _, selection := range set {
		p.steps++
		var part price
		switch s := selection.(type) {
		case *ast.Field:
			part = p.field(parent, s)
		case *ast.InlineFragment:
			on := parent
			if s.TypeCondition != "" {
				on = p.schema.Types[s.TypeCondition]
			}
			part = p.set(on, s.SelectionSet)
		case *ast.FragmentSpread:
			part = p.fragment(s.Name)
		}
		sum.fixed += part.fixed
		sum.each += part.each
	}
	return sum
}

func (p *pricing) fragment(name string) price {
	if known, ok := p.known[name]; ok {
		return known
	}
	f := p.fragments[name]
	if f == nil {
		return price{}
	}
	p.known[name] = p.set(p.schema.Types[f.TypeCondition], f.SelectionSet)
	return p.known[name]
}

func (p *pricing) field(parent *ast.Definition, f *ast.Field) price {
	var def *ast.FieldDefinition
	if parent != nil {
		def = parent.Fields.ForName(f.Name)
	}
	if def == nil { // __typename, or no field at all
		return price{fixed: 1 + p.set(nil, f.SelectionSet).of(assumed)}
	}
	inner := p.set(p.schema.Types[def.Type.Name()], f.SelectionSet)
	weight, list := p.tariff.weight(def), def.Type.Elem != nil
	if length, known := p.tariff.lengths[def]; known {
		return price{fixed: weight + length*inner.of(assumed)}
	}
	items, sized := p.items(def, f)
	switch {
	case sized && list:
		return price{fixed: weight + items*inner.of(assumed)}
	case sized:
		return price{fixed: weight + inner.of(items)}
	case list:
		return price{fixed: weight, each: inner.of(assumed)}
	}
	return price{fixed: weight + inner.of(assumed)}
}

// items says how many rows a field was asked for: by first, or by a list of ids.
func (p *pricing) items(def *ast.FieldDefinition, f *ast.Field) (float64, bool) {
	if first := def.Arguments.ForName("first"); first != nil {
		return p.number(first, f.Arguments.ForName("first"))
	}
	if ids := def.Arguments.ForName("ids"); ids != nil {
		return p.length(f.Arguments.ForName("ids")), true
	}
	return 0, false
}

// number is an argument's value, or the one it has when it is not given.
func (p *pricing) number(def *ast.ArgumentDefinition, given *ast.Argument) (float64, bool) {
	if given != nil {
		if n, ok := p.value(given.Value); ok {
			return n, true
		}
	}
	if def.DefaultValue == nil {
		return 0, false
	}
	return p.value(def.DefaultValue)
}

func (p *pricing) value(v *ast.Value) (float64, bool) {
	text := v.Raw
	if v.Kind == ast.Variable {
		given, ok := p.variables[v.Raw]
		if !ok {
			def := p.operation.VariableDefinitions.ForName(v.Raw)
			if def == nil || def.DefaultValue == nil || def.DefaultValue.Kind == ast.Variable {
				return 0, false
			}
			return p.value(def.DefaultValue)
		}
		text = fmt.Sprint(given) // a number of any kind, or a string of digits, which gqlgen takes for one
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, false
	}
	return min(max(n, 1), longest), true
}

// length is how many ids were given; one that stands alone is a list of one.
func (p *pricing) length(given *ast.Argument) float64 {
	if given == nil {
		return 1
	}
	v := given.Value
	if v.Kind == ast.Variable {
		if list, ok := p.variables[v.Raw].([]any); ok {
			return float64(len(list))
		}
		if def := p.operation.VariableDefinitions.ForName(v.Raw); def != nil && def.DefaultValue != nil {
			return float64(max(len(def.DefaultValue.Children), 1))
		}
	}
	return float64(max(len(v.Children), 1))
}

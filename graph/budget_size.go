package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// size measures what stands in the text: how much of everything, how deep, and that no fragment holds itself.
func (p *BudgetPass) size(d document) *gqlerror.Error {
	if refused := over("definitions", p.budget.Definitions, len(d.parsed.Operations)+len(d.parsed.Fragments)); refused != nil {
		return refused
	}
	if refused := over("fragments", p.budget.Fragments, len(d.parsed.Fragments)); refused != nil {
		return refused
	}
	c := countAll(d)
	if refused := over("fragment cycles", 0, c.cycles); refused != nil {
		return refused
	}
	if refused := over("directives", p.budget.Directives, c.directives); refused != nil {
		return refused
	}
	if refused := over("directives at one place", perPlace, c.crowded); refused != nil {
		return refused
	}
	if refused := over("aliases", p.budget.Aliases, c.aliases); refused != nil {
		return refused
	}
	return over("depth", p.budget.Depth, c.depth)
}

// perPlace is @skip, @include and one more. Above it stand floods only: every repetition would be an error
// of validation of its own.
const perPlace = 3

// count walks each definition once, wherever and however often it is spread.
type count struct {
	fragments map[string]*ast.FragmentDefinition
	depths    map[*ast.FragmentDefinition]int // of those walked; entered while a fragment is being walked

	aliases, directives, crowded, depth, cycles int

	steps int // selections looked at: never more than the text has
}

// entered marks a fragment whose walk has not ended: to meet it then is a cycle.
const entered = -1

func countAll(d document) *count {
	c := &count{fragments: d.fragments, depths: make(map[*ast.FragmentDefinition]int, len(d.fragments))}
	for _, op := range d.parsed.Operations {
		c.directive(op.Directives)
		for _, v := range op.VariableDefinitions {
			c.directive(v.Directives)
		}
		c.depth = max(c.depth, c.set(op.SelectionSet))
	}
	for _, f := range d.parsed.Fragments {
		c.depth = max(c.depth, c.fragment(f))
	}
	return c
}

// set counts a selection set and says how deep it is.
func (c *count) set(set ast.SelectionSet) (depth int) {
	for _, selection := range set {
		c.steps++
		switch s := selection.(type) {
		case *ast.Field:
			c.directive(s.Directives)
			if s.Alias != s.Name {
				c.aliases++
			}
			depth = max(depth, 1+c.set(s.SelectionSet))
		case *ast.InlineFragment: // adds a level: validation compares the fields of each level anew
			c.directive(s.Directives)
			depth = max(depth, 1+c.set(s.SelectionSet))
		case *ast.FragmentSpread:
			c.directive(s.Directives)
			depth = max(depth, c.fragment(c.fragments[s.Name]))
		}
	}
	return depth
}

func (c *count) fragment(f *ast.FragmentDefinition) int {
	if f == nil {
		return 0
	}
	depth, walked := c.depths[f]
	switch {
	case !walked:
		c.depths[f] = entered
		c.directive(f.Directives)
		depth = c.set(f.SelectionSet)
		c.depths[f] = depth
	case depth == entered:
		c.cycles++
		return 0
	}
	return depth
}

func (c *count) directive(list ast.DirectiveList) {
	c.directives += len(list)
	c.crowded = max(c.crowded, len(list))
}

package graph

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// overlap counts the root fields and foresees what validation spends on its rule that fields of one name
// can be merged, which compares each with each, on every level again: 110 KB of one name take it ten seconds.
func (p *BudgetPass) overlap(d document) *gqlerror.Error {
	o := overlaps{fragments: d.fragments, left: p.budget.Comparisons}
	for _, op := range d.parsed.Operations {
		roots := 0
		for _, group := range o.collect(op.SelectionSet) {
			roots += len(group)
		}
		if refused := over("root fields", p.budget.RootFields, roots); refused != nil {
			return refused
		}
		o.merge(op.SelectionSet)
		o.descend(op.SelectionSet, o.merge)
	}
	for _, f := range d.parsed.Fragments {
		o.merge(f.SelectionSet)
		o.descend(f.SelectionSet, func(...ast.SelectionSet) {}) // its fields have their turn in the operations
	}
	return over("comparisons", p.budget.Comparisons, p.budget.Comparisons-o.left)
}

// overlaps spends what is left of the comparisons and stops where nothing is.
type overlaps struct {
	fragments map[string]*ast.FragmentDefinition
	left      int
}

// descend goes where validation goes below a set: inline fragments are compared wherever they are met,
// fields only on the way from an operation, and each fragment is entered once on a way.
func (o *overlaps) descend(set ast.SelectionSet, field func(...ast.SelectionSet)) {
	entered := map[string]bool{}
	var down func(set ast.SelectionSet)
	down = func(set ast.SelectionSet) {
		for _, selection := range set {
			if o.left < 0 {
				return
			}
			switch s := selection.(type) {
			case *ast.Field:
				field(s.SelectionSet)
				down(s.SelectionSet)
			case *ast.InlineFragment:
				o.merge(s.SelectionSet)
				down(s.SelectionSet)
			case *ast.FragmentSpread:
				if f := o.fragments[s.Name]; f != nil && !entered[s.Name] {
					entered[s.Name] = true
					down(f.SelectionSet)
				}
			}
		}
	}
	down(set)
}

// merge compares within sets that answer one field together. Where several fields share a name, what is
// below them is compared too.
func (o *overlaps) merge(sets ...ast.SelectionSet) {
	for _, group := range o.collect(sets...) {
		if len(group) < 2 || o.left < 0 {
			continue
		}
		below := make([]ast.SelectionSet, len(group))
		for i, field := range group {
			below[i] = field.SelectionSet
		}
		o.merge(below...)
	}
}

// collect groups the fields of sets by the name in the response, with fragments put in place, each once.
func (o *overlaps) collect(sets ...ast.SelectionSet) map[string][]*ast.Field {
	c := collection{overlaps: o, groups: map[string][]*ast.Field{}, seen: map[string]bool{}}
	for _, set := range sets {
		c.add(set)
	}
	return c.groups
}

type collection struct {
	*overlaps
	groups  map[string][]*ast.Field
	seen    map[string]bool
	spreads int // outside of fragments: those inside are compared once in a document, not once a set
	inside  bool
}

func (c *collection) add(set ast.SelectionSet) {
	for _, selection := range set {
		if c.left < 0 {
			return
		}
		c.left--
		switch s := selection.(type) {
		case *ast.Field:
			c.left -= len(c.groups[s.Alias])
			c.groups[s.Alias] = append(c.groups[s.Alias], s)
		case *ast.InlineFragment:
			c.add(s.SelectionSet)
		case *ast.FragmentSpread:
			c.spread(s.Name)
		}
	}
}

func (c *collection) spread(name string) {
	if !c.inside {
		c.left -= c.spreads // with each other, whatever their names
		c.spreads++
	}
	f := c.fragments[name]
	if f == nil || c.seen[name] {
		return
	}
	c.seen[name] = true
	outer := c.inside
	c.inside = true
	c.add(f.SelectionSet)
	c.inside = outer
}

package internal_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// makers give values that have no way to change, or that nobody changes.
var makers = []string{
	"errors.New", "fmt.Errorf", // sentinels, to compare with
	"regexp.MustCompile", "template.Must", // compiled once, safe to share
	"base32.NewEncoding", // a table
}

func constant(group *ast.GenDecl, v *ast.ValueSpec, i int) bool {
	if v.Names[i].Name == "_" { // says that a type fits an interface
		return true
	}
	if embedded(group.Doc) || embedded(v.Doc) { // bytes of the binary
		return true
	}
	if i >= len(v.Values) {
		return false
	}
	sentinel := strings.HasPrefix(strings.ToLower(v.Names[i].Name), "err")
	switch value := v.Values[i].(type) {
	case *ast.CallExpr: // errors by another maker: "invalid" in authjs
		return slices.Contains(makers, maker(value)) || sentinel
	case *ast.UnaryExpr: // a sentinel with fields
		return sentinel && value.Op == token.AND
	case *ast.CompositeLit: // Go has no constant lists: those of literals, which nobody else can reach
		return !v.Names[i].IsExported() && literals(value)
	}
	return false
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// maker names the function at the root of a chain of calls, as base32.NewEncoding(…).WithPadding(…).
func maker(call *ast.CallExpr) string {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	switch x := selector.X.(type) {
	case *ast.CallExpr:
		return maker(x)
	case *ast.Ident:
		return x.Name + "." + selector.Sel.Name
	}
	return ""
}

func literals(value ast.Expr) bool {
	switch x := value.(type) {
	case *ast.BasicLit, *ast.Ident, *ast.SelectorExpr: // a number, a text, the name of a constant
		return true
	case *ast.KeyValueExpr:
		return literals(x.Key) && literals(x.Value)
	case *ast.CompositeLit:
		return !slices.ContainsFunc(x.Elts, func(e ast.Expr) bool { return !literals(e) })
	}
	return false
}

// writes finds assignments in functions to names, and to what is inside of them. A function that has a
// variable of its own under such a name is taken to mean that one.
func writes(tree *ast.File, names map[string]bool) (at []token.Pos) {
	for _, decl := range tree.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		own := declared(fn)
		ast.Inspect(fn, func(n ast.Node) bool {
			for _, to := range targets(n) {
				if name := root(to); names[name] && !own[name] {
					at = append(at, to.Pos())
				}
			}
			return true
		})
	}
	return at
}

func declared(fn *ast.FuncDecl) map[string]bool {
	own := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		var names []ast.Expr
		switch s := n.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				names = s.Lhs
			}
		case *ast.RangeStmt:
			names = []ast.Expr{s.Key, s.Value}
		case *ast.Field:
			for _, name := range s.Names {
				own[name.Name] = true
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				own[name.Name] = true
			}
		}
		for _, name := range names {
			own[root(name)] = true
		}
		return true
	})
	return own
}

// targets are what a statement may change: the left side, and whatever somebody takes the address of.
func targets(n ast.Node) []ast.Expr {
	switch s := n.(type) {
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE {
			return s.Lhs
		}
	case *ast.IncDecStmt:
		return []ast.Expr{s.X}
	case *ast.UnaryExpr:
		if s.Op == token.AND {
			return []ast.Expr{s.X}
		}
	}
	return nil
}

func root(to ast.Expr) string {
	switch x := to.(type) {
	case *ast.Ident:
		if x.Name != "_" {
			return x.Name
		}
	case *ast.IndexExpr:
		return root(x.X)
	case *ast.SelectorExpr:
		return root(x.X)
	case *ast.StarExpr:
		return root(x.X)
	case *ast.ParenExpr:
		return root(x.X)
	}
	return ""
}

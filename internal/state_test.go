package internal_test

import (
	"cmp"
	"go/ast"
	"go/token"
	"testing"
)

const (
	maxFile     = 220
	maxFunction = 70
)

// long are files above the bound, with the lines that each may have. The bound is a target: a file that is
// better whole stands here, and does not grow unseen.
var long = map[string]int{
	"internal/audio/mp4.go": 234, "internal/audio/webm.go": 242,
}

func TestFilesAndFunctionsFitTheEye(t *testing.T) {
	t.Parallel()
	for dir, p := range packages(t) {
		if below(dir, apart...) {
			continue
		}
		for _, f := range p.written() {
			if bound := cmp.Or(long[f.name], maxFile); f.lines > bound {
				t.Errorf("%s has %d lines, at most %d", f.name, f.lines, bound)
			} else if bound > maxFile && f.lines <= maxFile {
				t.Errorf("%s has %d lines: it needs no bound of its own", f.name, f.lines)
			}
			for _, decl := range f.tree.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok {
					continue
				}
				if lines := f.set.Position(fn.End()).Line - f.set.Position(fn.Pos()).Line + 1; lines > maxFunction {
					t.Errorf("%s: %s has %d lines", f.name, fn.Name.Name, lines)
				}
			}
		}
	}
}

func TestNoPackageActsBeforeMain(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, f := range p.written() {
			for _, decl := range f.tree.Decls {
				if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
					t.Errorf("%s has an init function", f.name)
				}
			}
		}
	}
}

// A package-level variable is shared by everything that runs. These kinds are never written after the
// program has begun: what may be written has no place among them.
func TestNoPackageKeepsStateThatChanges(t *testing.T) {
	t.Parallel()
	for dir, p := range packages(t) {
		if !below(dir, "internal", "graph", "db") {
			continue
		}
		names := map[string]bool{}
		for _, f := range p.written() {
			for _, decl := range f.tree.Decls {
				group, ok := decl.(*ast.GenDecl)
				if !ok || group.Tok != token.VAR {
					continue
				}
				for _, spec := range group.Specs {
					v := spec.(*ast.ValueSpec)
					for i, name := range v.Names {
						names[name.Name] = true
						if !constant(group, v, i) {
							t.Errorf("%s: %s is package-level state", f.name, name.Name)
						}
					}
				}
			}
		}
		for _, f := range p.written() {
			for _, at := range writes(f.tree, names) {
				t.Errorf("%s writes to a package-level variable", f.set.Position(at))
			}
		}
	}
}

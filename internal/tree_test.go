package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// pkg is what stands in one folder, without its tests.
type pkg struct {
	files        []file
	ours, theirs map[string]bool // imports
}

type file struct {
	name  string // from the root of the repository
	tree  *ast.File
	set   *token.FileSet
	lines int
}

// packages reads the repository, once for all tests: they only look.
func packages(t *testing.T) map[string]*pkg {
	t.Helper()
	found, err := readOnce()
	if err != nil {
		t.Fatalf("reading the repository: %v", err)
	}
	if len(found) < len(floors) {
		t.Fatalf("found %d packages only", len(found))
	}
	return found
}

var readOnce = sync.OnceValues(readAll)

func readAll() (map[string]*pkg, error) {
	found := map[string]*pkg{}
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() && (base == "node_modules" || base == "testdata" || (strings.HasPrefix(base, ".") && base != "..")) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") {
			return nil
		}
		name = filepath.ToSlash(strings.TrimPrefix(name, ".."+string(filepath.Separator)))
		return add(found, name)
	})
	return found, err
}

func add(found map[string]*pkg, name string) error {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, filepath.Join("..", name), nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	dir := filepath.ToSlash(filepath.Dir(name))
	if found[dir] == nil {
		found[dir] = &pkg{ours: map[string]bool{}, theirs: map[string]bool{}}
	}
	p := found[dir]
	p.files = append(p.files, file{name: name, tree: tree, set: set, lines: set.File(tree.Pos()).LineCount()})
	for _, spec := range tree.Imports {
		to := strings.Trim(spec.Path.Value, `"`)
		if own, ok := strings.CutPrefix(to, module); ok {
			p.ours[own] = true
		} else if host, _, _ := strings.Cut(to, "/"); strings.Contains(host, ".") {
			p.theirs[to] = true
		}
	}
	return nil
}

// written are the files that a person wrote.
func (p *pkg) written() (own []file) {
	for _, f := range p.files {
		if !ast.IsGenerated(f.tree) {
			own = append(own, f)
		}
	}
	return own
}

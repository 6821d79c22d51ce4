package test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A promise whose proof was renamed or removed is a promise that nobody holds.
func TestEveryProofThatTheTableOfFaultsNamesIsThere(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, dir := range []string{".", "../internal", "../graph"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			source.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	drills, err := os.ReadFile("../drill/main.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(document), -1)
	for _, name := range tests {
		if !strings.Contains(source.String(), "func "+name[1]+"(") {
			t.Errorf("there is no %s", name[1])
		}
	}
	played := 0
	for _, line := range regexp.MustCompile("drills? (`[a-z-]+`(, `[a-z-]+`)*)").FindAllStringSubmatch(string(document), -1) {
		for name := range strings.SplitSeq(line[1], ", ") {
			played++
			if !strings.Contains(string(drills), `{"`+strings.Trim(name, "`")+`", `) {
				t.Errorf("there is no drill %s", name)
			}
		}
	}
	if len(tests) < 28 || played < 8 {
		t.Errorf("%d tests and %d drills were found in the table: this test shows nothing", len(tests), played)
	}
}

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
	source := tests(t)
	drills, err := os.ReadFile("../drill/main.go")
	if err != nil {
		t.Fatal(err)
	}
	named := missing(t, source, document)
	played := 0
	for _, line := range regexp.MustCompile("drills? (`[a-z-]+`(, `[a-z-]+`)*)").FindAllStringSubmatch(string(document), -1) {
		for name := range strings.SplitSeq(line[1], ", ") {
			played++
			if !strings.Contains(string(drills), `{"`+strings.Trim(name, "`")+`", `) {
				t.Errorf("there is no drill %s", name)
			}
		}
	}
	if named < 28 || played < 8 {
		t.Errorf("%d tests and %d drills were found in the table: this test shows nothing", named, played)
	}
}

func TestEveryProofThatTheTablesOfSignInNameIsThere(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	if named := missing(t, tests(t), document); named < 50 {
		t.Errorf("%d tests were found in the tables: this test shows nothing", named)
	}
	lines := regexp.MustCompile(`(?m)^\| [23]\.[^|]*\|[^|]*\|([^|]*)\|([^|]*)\|$`).FindAllStringSubmatch(string(document), -1)
	for _, line := range lines {
		here, shown := strings.TrimSpace(line[1]), strings.TrimSpace(line[2])
		if shown == "" && !strings.Contains(here, "**gap:**") && !strings.HasPrefix(here, "none") && !strings.HasPrefix(here, "not offered") {
			t.Errorf("neither shown nor said to be missing: %s", line[0])
		}
	}
	if len(lines) < 50 {
		t.Errorf("%d lines of the standard were found: this test shows nothing", len(lines))
	}
}

// tests are the sources of all tests.
func tests(t *testing.T) string {
	t.Helper()
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
	return source.String()
}

// missing names the tests of a document that are not there, and counts those that it names.
func missing(t *testing.T, source string, document []byte) int {
	t.Helper()
	named := regexp.MustCompile("`((Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(string(document), -1)
	for _, name := range named {
		if !strings.Contains(source, "func "+name[1]+"(") {
			t.Errorf("there is no %s", name[1])
		}
	}
	return len(named)
}

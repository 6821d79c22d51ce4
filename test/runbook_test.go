package test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// scrape reads what the internal port shows.
func scrape(t *testing.T, port int) string {
	t.Helper()
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// named finds all that a pattern's first group matches, each once.
func named(pattern, text string) (names []string) {
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestTheRunbookSpeaksOfMetricsThatThereAreAndEachAlertHasItsSection(t *testing.T) {
	t.Parallel()
	var documents strings.Builder
	for _, file := range []string{"../docs/runbook.md", "../docs/operations.md"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		documents.Write(text)
	}
	alerts, sections := named(`(?m)^ +- alert: (\w+)$`, documents.String()), named(`(?m)^## (Switchboard\w+)$`, documents.String())
	if len(alerts) == 0 || !slices.Equal(alerts, sections) {
		t.Errorf("alerts %v, sections %v", alerts, sections)
	}

	port := freePort(t)
	a := start(t, fmt.Sprintf("METRICS_PORT=%d", port))
	a.person("ours", "OPERATOR") // a request, an operation
	a.knock("", "garbage", &a.secrets.webhook)
	eventually(t, "its job to run", func() bool { return a.events("status = 'FAILED'") == 1 })
	scraped := scrape(t, port)
	for _, name := range named(`\b((?:switchboard|process|go)_[a-z_]+[a-z])\b`, documents.String()) {
		family := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(name, "")
		if !strings.Contains(scraped, "\n# TYPE "+family+" ") {
			t.Errorf("%s is in no scrape", name)
		}
	}
}

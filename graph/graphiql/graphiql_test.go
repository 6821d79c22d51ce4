package graphiql_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/graph/graphiql"
)

func get(t *testing.T, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	w := httptest.NewRecorder()
	graphiql.Handler("/graphql").ServeHTTP(w, r)
	return w
}

var link = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

func TestThePageLoadsOnlyWhatWeServe(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/graphiql", "/graphiql/"} {
		w := get(t, path, nil)
		page := w.Body.String()
		if w.Code != http.StatusOK || !strings.Contains(page, `data-endpoint="/graphql"`) {
			t.Fatalf("%s: %d %s", path, w.Code, page)
		}
		if strings.Contains(page, "//") || strings.Contains(page, "http:") || strings.Contains(page, "https:") {
			t.Errorf("the page names a foreign origin: %s", page)
		}
		links := link.FindAllStringSubmatch(page, -1)
		if len(links) != 8 {
			t.Errorf("%d links, want the icon, 2 styles and 5 scripts", len(links))
		}
		for _, l := range links {
			if l[1] == "data:," {
				continue
			}
			want := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}[filepath.Ext(l[1])]
			if a := get(t, l[1], nil); a.Code != http.StatusOK || a.Header().Get("Content-Type") != want {
				t.Errorf("%s: %d %s", l[1], a.Code, a.Header().Get("Content-Type"))
			}
		}
	}
}

func TestTheEndpointCannotLeaveItsAttribute(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	graphiql.Handler(`"><script>`).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/graphiql", nil))
	if strings.Contains(w.Body.String(), "<script>") {
		t.Error(w.Body.String())
	}
}

func TestThePolicyLetsNothingForeignIn(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/graphiql", "/graphiql/assets/page.js"} {
		h := get(t, path, nil).Header()
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: %q misses %q", path, policy, want)
			}
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestPinnedFilesAreKeptForGoodAndOursAreAskedFor(t *testing.T) {
	t.Parallel()
	if cache := get(t, "/graphiql/assets/react-18.3.1.min.js", nil).Header().Get("Cache-Control"); !strings.Contains(cache, "immutable") {
		t.Errorf("a pinned file: %q", cache)
	}
	for _, path := range []string{"/graphiql", "/graphiql/assets/page.js", "/graphiql/assets/examples.graphql"} {
		h := get(t, path, nil).Header()
		again := get(t, path, http.Header{"If-None-Match": {h.Get("ETag")}})
		if h.Get("Cache-Control") != "no-cache" || again.Code != http.StatusNotModified {
			t.Errorf("%s: %q, again %d", path, h.Get("Cache-Control"), again.Code)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/graphiql/x", "/graphiql/assets/", "/graphiql/assets/VERSIONS", "/graphiql/assets/page.html", "/graphiql/assets/react.LICENSE"} {
		if w := get(t, path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	w := httptest.NewRecorder()
	graphiql.Handler("/graphql").ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/graphiql", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestTheBundlesAreThoseOfVERSIONSEachWithItsLicense(t *testing.T) {
	t.Parallel()
	file, err := os.Open("assets/VERSIONS")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	listed, versions := map[string]bool{}, map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		f := strings.Fields(lines.Text())
		if len(f) != 4 {
			t.Fatalf("VERSIONS has the line %q", lines.Text())
		}
		body, err := os.ReadFile(filepath.Join("assets", f[1]))
		sum := sha256.Sum256(body)
		if err != nil || hex.EncodeToString(sum[:]) != f[0] {
			t.Errorf("%s is not that of %s: %v", f[1], f[2], err)
		}
		name, version, _ := strings.Cut(f[2], "@")
		if listed[f[1]] = true; strings.Contains(f[1], ".min.") && !strings.HasPrefix(f[1], name+"-"+version+".") {
			t.Errorf("%s does not say that it is %s", f[1], f[2])
		}
		versions[name] = true
	}
	for name := range versions {
		if !listed[name+".LICENSE"] {
			t.Errorf("%s has no license", name)
		}
	}
	bundles, err := filepath.Glob("assets/*.min.*")
	if err != nil || len(bundles) != 5 {
		t.Errorf("bundles = %v, %v", bundles, err)
	}
	for _, b := range bundles {
		if !listed[filepath.Base(b)] {
			t.Errorf("%s is not in VERSIONS", b)
		}
	}
}

package test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// auditVersion is in the name of the folder, so that another version is installed beside it.
const auditVersion = "1.23.1"

// TestGraphQLOverHTTPAuditFindsNothing runs the public audit of GraphQL over HTTP against the binary: each
// MUST, SHOULD and MAY of it.
func TestGraphQLOverHTTPAuditFindsNothing(t *testing.T) {
	t.Parallel()
	a := start(t, "INTROSPECTION=true") // some of its queries ask for a type
	cmd := exec.Command("node", filepath.Join("audit", "audit.mjs"), npmPackages(t, "audit", "graphql-http-"+auditVersion), a.url+"/graphql")
	cmd.Stderr = &output{}
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("running the audit: %v\n%s", err, cmd.Stderr)
	}
	var findings []struct{ ID, Name, Status, Reason string }
	if err := json.Unmarshal(out, &findings); err != nil || len(findings) < 50 {
		t.Fatalf("%d findings of an audit that has more than 50: %v\n%s", len(findings), err, out)
	}
	for _, f := range findings {
		if f.Status != "ok" {
			t.Errorf("%s %s: %s: %s", f.Status, f.ID, f.Name, f.Reason)
		}
	}
}

// npmPackages installs what a folder pins, once a machine, into the user's cache under a name.
func npmPackages(t *testing.T, folder, cached string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	parent := filepath.Join(cache, "switchboard")
	final := filepath.Join(parent, cached)
	if _, err := os.Stat(final); err == nil {
		return final
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	work, err := os.MkdirTemp(parent, "installing-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(work)
	for _, name := range []string{"package.json", "package-lock.json"} {
		raw, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(work, name), raw, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(within(t), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = work
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("installing the packages of %s with npm: %v\n%s", folder, err, out)
	}
	if err := os.Rename(work, final); err != nil && !errors.Is(err, os.ErrExist) { // else another run was faster
		t.Fatal(err)
	}
	return final
}

// byGet asks with the parameters in the address.
func (a *app) byGet(parameters url.Values, header http.Header) (int, string, http.Header) {
	a.t.Helper()
	request, err := http.NewRequestWithContext(within(a.t), http.MethodGet, a.url+"/graphql?"+parameters.Encode(), nil)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(body)), response.Header
}

func asked() http.Header { return http.Header{"Graphql-Require-Preflight": {"1"}} }

func TestQueryByGetIsAnsweredOnlyBehindAPreflight(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	parameters := url.Values{"query": {`query Named($s: String!) { organization(slug: $s) { name } }`}, "variables": {`{"s":"ours"}`}, "operationName": {"Named"}}
	with := asked()
	with.Set("Authorization", "Bearer "+p.token)
	if status, body, _ := a.byGet(parameters, with); status != http.StatusOK || body != `{"data":{"organization":{"name":"ours"}}}` {
		t.Errorf("%d %s", status, body)
	}
	with.Del("Graphql-Require-Preflight")
	if status, body, header := a.byGet(parameters, with); status != http.StatusMethodNotAllowed || header.Get("Allow") != "POST" {
		t.Errorf("without the header: %d %s", status, body)
	}
	foreign := http.Header{"Graphql-Require-Preflight": {"1"}, "Cookie": {"authjs.session-token=" + p.token}, "Origin": {"https://evil.example.com"}}
	if status, body, _ := a.byGet(parameters, foreign); status != http.StatusForbidden {
		t.Errorf("with a cookie from another site: %d %s", status, body)
	}
}

func TestMutationByGetIsRefusedWith405AndDoesNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	header := asked()
	header.Set("Authorization", "Bearer "+p.token)
	variables, _ := json.Marshal(vars{"in": vars{"organizationId": p.organization.String(), "filename": "call.wav", "contentType": "audio/wav", "sizeBytes": 44}})
	status, body, answer := a.byGet(url.Values{"query": {uploadCreate}, "variables": {string(variables)}}, header)
	if status != http.StatusMethodNotAllowed || answer.Get("Allow") != "POST" || !strings.Contains(body, "POST") {
		t.Errorf("%d %s", status, body)
	}
	if n := a.rows("SELECT count(*) FROM switchboard.uploads"); n != 0 {
		t.Errorf("%d uploads were made", n)
	}
}

func TestGetThatCouldBeReadInTwoWaysIsRefused(t *testing.T) {
	t.Parallel()
	a := start(t)
	for name, parameters := range map[string]url.Values{
		"two queries":              {"query": {"{__typename}", "{viewer{id}}"}},
		"no query":                 {"operationName": {"a"}},
		"variables that are none":  {"query": {"{__typename}"}, "variables": {"[1]"}},
		"variables and more":       {"query": {"{__typename}"}, "variables": {"{} {}"}},
		"extensions that are none": {"query": {"{__typename}"}, "extensions": {"x"}},
		"a subscription":           {"query": {watchActivity}, "variables": {`{"id":"org_1"}`}},
	} {
		if status, body, _ := a.byGet(parameters, asked()); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

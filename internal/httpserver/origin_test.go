package httpserver

import (
	"net/http"
	"testing"
)

const app = "https://app.example.com"

func withOrigins(origins ...string) Handlers {
	h := all()
	h.Origins = origins
	return h
}

// foreign origins differ from app in one thing each.
func foreign() []string {
	return []string{
		"null", "", "https://evil.com", "http://app.example.com", "https://app.example.com:443", "https://app.example.com:8443", "https://app.example.com/",
		"https://APP.example.com", "https://app.example.com.evil.com", "https://evilapp.example.com", "https://sub.app.example.com", "https://example.com",
		"https://app.example.com@evil.com", "https://app.example.com, https://evil.com", "*", "https://*.example.com",
	}
}

func TestOnlyAllowedPagesMayReadAnswers(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigins(app, "http://localhost:3000"))
	for _, origin := range []string{app, "http://localhost:3000"} {
		got := s.do(http.MethodPost, "/graphql", "{}", http.Header{"Origin": {origin}}).header
		if got.Get("Access-Control-Allow-Origin") != origin || got.Get("Access-Control-Allow-Credentials") != "true" || got.Get("Vary") != "Origin" {
			t.Errorf("%s is told %v", origin, got)
		}
	}
	for _, origin := range foreign() {
		got := s.do(http.MethodPost, "/graphql", "{}", http.Header{"Origin": {origin}}).header
		if _, told := got["Access-Control-Allow-Origin"]; told {
			t.Errorf("%q is told %v", origin, got)
		}
	}
}

func TestWithoutOriginsNoPageMay(t *testing.T) {
	t.Parallel()
	s := start(t, all())
	got := s.do(http.MethodPost, "/graphql", "{}", http.Header{"Origin": {app}}).header
	if _, told := got["Access-Control-Allow-Origin"]; told {
		t.Errorf("%v", got)
	}
}

func TestPreflightIsAnsweredForAllowedPagesMethodsAndHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigins(app))
	for _, c := range []struct {
		origin, method, headers string
		allowed                 bool
	}{
		{app, "POST", "authorization,content-type", true},
		{app, "POST", "content-type,x-request-id", true},
		{app, "PUT", "content-type", false},
		{app, "POST", "x-webhook-secret", false},
		{"https://evil.com", "POST", "content-type", false},
		{"null", "POST", "content-type", false},
	} {
		got := s.do(http.MethodOptions, "/graphql", "", http.Header{
			"Origin": {c.origin}, "Access-Control-Request-Method": {c.method}, "Access-Control-Request-Headers": {c.headers},
		})
		if (got.header.Get("Access-Control-Allow-Origin") == c.origin) != c.allowed || got.body != "" {
			t.Errorf("%v: %d %v %q", c, got.status, got.header, got.body)
		}
		if c.allowed && (got.header.Get("Access-Control-Max-Age") != "7200" || got.header.Get("Access-Control-Allow-Credentials") != "true") {
			t.Errorf("%v: %v", c, got.header)
		}
	}
}

func TestPagesHaveNoBusinessWithWebhooksAndDownloads(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigins(app))
	for _, path := range []string{"/api/webhooks/assemblyai", "/download/a.srt", "/health", "/graphiql"} {
		got := s.do(http.MethodOptions, path, "", http.Header{"Origin": {app}, "Access-Control-Request-Method": {"POST"}}).header
		if _, told := got["Access-Control-Allow-Origin"]; told {
			t.Errorf("%s: %v", path, got)
		}
	}
}

func TestCookieCountsOnlyInJSONFromAnAllowedPage(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigins(app))
	cookie, json := []string{"authjs.session-token=a"}, []string{"application/json"}
	allowed := map[string]http.Header{
		"our page":         {"Cookie": cookie, "Content-Type": json, "Origin": {app}},
		"with a charset":   {"Cookie": cookie, "Content-Type": {"Application/JSON; charset=utf-8"}, "Origin": {app}},
		"no browser":       {"Cookie": cookie, "Content-Type": json},
		"no cookie":        {"Content-Type": json, "Origin": {"https://evil.com"}},
		"no cookie, plain": {"Content-Type": {"text/plain"}},
	}
	for name, header := range allowed {
		if got := s.do(http.MethodPost, "/graphql", "{}", header); got.status != http.StatusOK || got.body != "graphql" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	refused := map[string]http.Header{
		"a form":        {"Cookie": cookie, "Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {app}},
		"multipart":     {"Cookie": cookie, "Content-Type": {"multipart/form-data; boundary=x"}, "Origin": {app}},
		"plain text":    {"Cookie": cookie, "Content-Type": {"text/plain"}},
		"JSON in words": {"Cookie": cookie, "Content-Type": {"text/plain; application/json"}},
		"no type":       {"Cookie": cookie},
		"two origins":   {"Cookie": cookie, "Content-Type": json, "Origin": {app, "https://evil.com"}},
		"empty cookie":  {"Cookie": {""}, "Content-Type": json, "Origin": {"https://evil.com"}},
	}
	for _, origin := range foreign() {
		refused["origin "+origin] = http.Header{"Cookie": cookie, "Content-Type": json, "Origin": {origin}}
	}
	for name, header := range refused {
		got := s.do(http.MethodPost, "/graphql", "{}", header)
		if got.wantError(t, http.StatusForbidden, codeForbidden); t.Failed() {
			t.Fatalf("%s was the first to come through", name)
		}
	}
}

package httpserver

import (
	"net/http"
	"strings"
	"testing"
)

func TestGetRunsAQueryOnlyAfterABrowserWouldHaveAsked(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigins(app))
	cookie, yes := []string{"authjs.session-token=a"}, []string{"1"}
	for name, header := range map[string]http.Header{
		"no browser":     {preflightHeader: yes},
		"with a cookie":  {preflightHeader: yes, "Cookie": cookie},
		"from our page":  {preflightHeader: yes, "Cookie": cookie, "Origin": {app}},
		"without cookie": {preflightHeader: yes, "Origin": {"https://evil.com"}},
	} {
		if got := s.do(http.MethodGet, "/graphql?query={viewer{id}}", "", header); got.status != http.StatusOK || got.body != "graphql" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	for name, header := range map[string]http.Header{
		"a link":           {"Cookie": cookie},
		"an empty header":  {preflightHeader: {""}, "Cookie": cookie},
		"a type is no ask": {"Content-Type": {"application/json"}, "Cookie": cookie},
		"half an upgrade":  {"Upgrade": {"websocket"}, "Cookie": cookie},
	} {
		got := s.do(http.MethodGet, "/graphql?query={viewer{id}}", "", header)
		got.wantError(t, http.StatusMethodNotAllowed, codeInvalid)
		if !strings.Contains(got.body, preflightHeader) || got.header.Get("Allow") != http.MethodPost {
			t.Errorf("%s: nobody says how: %s", name, got.body)
		}
	}
}

func TestGetWithACookieFromAnotherSiteIsForbidden(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigins(app))
	for _, origin := range foreign() {
		header := http.Header{preflightHeader: {"1"}, "Cookie": {"authjs.session-token=a"}, "Origin": {origin}}
		s.do(http.MethodGet, "/graphql?query={viewer{id}}", "", header).wantError(t, http.StatusForbidden, codeForbidden)
	}
}

func TestPreflightOfAGetIsAnsweredForAllowedPagesOnly(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigins(app))
	for origin, allowed := range map[string]bool{app: true, "https://evil.com": false} {
		got := s.do(http.MethodOptions, "/graphql", "", http.Header{
			"Origin": {origin}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {strings.ToLower(preflightHeader)},
		})
		if (got.header.Get("Access-Control-Allow-Origin") == origin) != allowed {
			t.Errorf("%s: %d %v", origin, got.status, got.header)
		}
	}
}

func TestHeadRunsNoOperation(t *testing.T) {
	t.Parallel()
	s := start(t, withOrigins(app))
	got := s.do(http.MethodHead, "/graphql?query={viewer{id}}", "", http.Header{preflightHeader: {"1"}})
	if got.status != http.StatusMethodNotAllowed {
		t.Errorf("%d", got.status)
	}
}

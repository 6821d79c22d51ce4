package test

import (
	"net/http"
	"strings"
	"testing"
)

// hidden is a request that an attacker wants to be read as one of the next visitor's.
const hidden = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"

// post is a head without the empty line at its end.
const post = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

func TestRequestThatCouldEndInTwoPlacesIsTheLastOfItsConnection(t *testing.T) {
	t.Parallel()
	a := start(t)
	const chunked = "18\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n"
	for name, text := range map[string]string{
		"length and chunks":             post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		"chunks and length":             post + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n" + chunked,
		"two lengths":                   post + "Content-Length: 24\r\nContent-Length: 5\r\n\r\n{\"query\":\"{__typename}\"}",
		"two lengths in one line":       post + "Content-Length: 24, 5\r\n\r\n{\"query\":\"{__typename}\"}",
		"a length with a sign":          post + "Content-Length: +24\r\n\r\n{\"query\":\"{__typename}\"}",
		"a negative length":             post + "Content-Length: -1\r\n\r\n{\"query\":\"{__typename}\"}",
		"a length in hex":               post + "Content-Length: 0x18\r\n\r\n{\"query\":\"{__typename}\"}",
		"a length that is none":         post + "Content-Length: \r\n\r\n{\"query\":\"{__typename}\"}",
		"a blank before the colon":      post + "Content-Length : 24\r\n\r\n{\"query\":\"{__typename}\"}",
		"a folded encoding":             post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunked,
		"chunks twice":                  post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked,
		"chunks, and something else":    post + "Transfer-Encoding: chunked, identity\r\n\r\n" + chunked,
		"something like chunks":         post + "Transfer-Encoding: xchunked\r\n\r\n" + chunked,
		"chunks behind a vertical tab":  post + "Transfer-Encoding: \x0bchunked\r\n\r\n" + chunked,
		"chunk size with a sign":        post + "Transfer-Encoding: chunked\r\n\r\n+18\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n",
		"chunk size in C":               post + "Transfer-Encoding: chunked\r\n\r\n0x18\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n",
		"chunk longer than it says":     post + "Transfer-Encoding: chunked\r\n\r\n10\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n",
		"chunk size that overflows":     post + "Transfer-Encoding: chunked\r\n\r\n10000000000000018\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n",
		"chunks in HTTP/1.0":            strings.Replace(post, "HTTP/1.1", "HTTP/1.0", 1) + "Transfer-Encoding: chunked\r\n\r\n" + chunked,
		"a zero byte in a header":       post + "X-Zero: a\x00b\r\nContent-Length: 24\r\n\r\n{\"query\":\"{__typename}\"}",
		"a carriage return in a header": post + "X-Return: a\rContent-Length: 5\r\nContent-Length: 24\r\n\r\n{\"query\":\"{__typename}\"}",
		"a header without a name":       post + ": a\r\nContent-Length: 24\r\n\r\n{\"query\":\"{__typename}\"}",
		"two hosts":                     post + "Host: evil.example.com\r\nContent-Length: 24\r\n\r\n{\"query\":\"{__typename}\"}",
		"no host":                       "GET /health HTTP/1.1\r\n\r\n",
		"HTTP/2 that nobody asked for":  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"no version":                    "GET /health\r\n",
		"a method of two words":         "GET GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := a.line(t)
			_ = l.send(text + hidden)
			response, body := l.answer()
			if rest := l.wantEnd(); rest != "" {
				t.Errorf("%s, and the hidden request was answered: %.200q", response.Status, rest)
			}
			if strings.Contains(body, "evil") || strings.Contains(body, "alive") {
				t.Errorf("%s %s", response.Status, body)
			}
		})
	}
}

func TestFoldedHeaderIsOneValueAndHidesNoOther(t *testing.T) {
	t.Parallel()
	a := start(t)
	l := a.line(t)
	_ = l.send(post + "X-Folded: a\r\n Content-Length: 5\r\n Transfer-Encoding: chunked\r\nContent-Length: 24\r\n\r\n{\"query\":\"{__typename}\"}" + hidden)
	if response, body := l.answer(); response.StatusCode != http.StatusOK || body != `{"data":{"__typename":"Query"}}` {
		t.Errorf("%s %s", response.Status, body)
	}
	if response, body := l.answer(); response.StatusCode != http.StatusOK || !strings.Contains(body, "alive") {
		t.Errorf("the next request: %s %s", response.Status, body)
	}
}

func TestRequestsThatEndWhereTheySayShareAConnection(t *testing.T) {
	t.Parallel()
	a := start(t)
	l := a.line(t)
	_ = l.send(operation("") + hidden + operation("") + post + "Transfer-Encoding: chunked\r\n\r\n18;why=not\r\n{\"query\":\"{__typename}\"}\r\n0\r\n\r\n")
	for range 4 {
		if response, body := l.answer(); response.StatusCode != http.StatusOK {
			t.Errorf("%s %s", response.Status, body)
		}
	}
}

func TestPathsLeadNowhereButWhereTheySay(t *testing.T) {
	t.Parallel()
	a := start(t)
	for _, path := range []string{
		"/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/blobs/../../etc/passwd", "/blobs/..%2f..%2f..%2fetc%2fpasswd",
		"/blobs/%2e%2e%2f%2e%2e%2fetc/passwd", "/blobs/..%5c..%5cetc%5cpasswd", "/blobs/%00", "/blobs//etc/passwd", "/blobs/.", "/download/..%2f..%2fetc%2fpasswd",
		"/download/%2e%2e", "/download/a%00.srt", "/download/", "//health", "//evil.example.com/..", "///evil.example.com/%2e%2e", `/\evil.example.com/..`,
		"/./health", "/graphql/../health", "/graphql%2f..%2fhealth", "/graphql%00", "/graphql;a=b", "/GRAPHQL", "/graphql/", "/health%20", "/health.", "/health/",
		"/api/webhooks/..%2f..%2fgraphql", "/api/webhooks/assemblyai%2fmore", "/api/webhooks/%00", "/api/webhooks/", "/graphiql/../../etc/passwd", "*",
		"/%zz", "/%", "/%c0%ae%c0%ae/etc/passwd", "/a\x00b", "/a b", "http://evil.example.com/nowhere", "http://user:pass@evil.example.com/nowhere", "/debug/pprof/", "/metrics", "/.env", "/.git/config",
	} {
		response, body := a.send(t, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n")
		if response.StatusCode < 300 || response.StatusCode >= 500 || strings.Contains(body, "root:") {
			t.Errorf("%q: %s %.100s", path, response.Status, body)
		}
		to := response.Header.Get("Location")
		if to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.HasPrefix(to, `/\`)) {
			t.Errorf("%q redirects to another site: %s", path, to)
		}
	}
}

func TestEveryAnswerTellsBrowsersToTakeItForNothingMore(t *testing.T) {
	t.Parallel()
	a := start(t)
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n" }
	for name, text := range map[string]string{
		"an operation":              operation(""),
		"an operation as plain":     strings.Replace(operation(""), "application/json", "text/plain", 1),
		"an operation by GET":       get("/graphql?query={__typename}"),
		"an operation by PUT":       strings.Replace(operation(""), "POST", "PUT", 1),
		"a broken body":             post + "Content-Length: 1\r\n\r\n{",
		"a body that is too long":   post + "Content-Length: 300000\r\n\r\n",
		"a broken token":            operation("Authorization: Bearer x\r\n"),
		"a cookie of another site":  operation("Cookie: authjs.session-token=x\r\nOrigin: https://evil.example.com\r\n"),
		"a preflight":               "OPTIONS /graphql HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example.com\r\nAccess-Control-Request-Method: POST\r\n\r\n",
		"a socket of another site":  "GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: https://evil.example.com\r\n\r\n",
		"a webhook without secret":  strings.Replace(operation(""), "/graphql", "/api/webhooks/assemblyai", 1),
		"a webhook of nobody":       strings.Replace(operation(""), "/graphql", "/api/webhooks/nobody", 1),
		"a transcript without link": get("/download/trn_1.srt"),
		"an object without link":    get("/blobs/a"),
		"health":                    get("/health"),
		"readiness":                 get("/ready"),
		"nothing":                   get("/nowhere"),
		"a redirect":                get("//health"),
	} {
		response, _ := a.send(t, text)
		for _, header := range []string{"Content-Security-Policy", "X-Frame-Options", "Referrer-Policy", "Strict-Transport-Security", "Cache-Control"} {
			if response.Header.Get(header) == "" {
				t.Errorf("%s: %s without %s", name, response.Status, header)
			}
		}
		if response.Header.Get("X-Content-Type-Options") != "nosniff" || response.Header.Get("X-Request-Id") == "" || response.Header.Get("Server") != "" {
			t.Errorf("%s: %s %v", name, response.Status, response.Header)
		}
	}
}

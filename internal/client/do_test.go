package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const hello = `{"data":{"hello":"you"}}`

func TestRequestSaysWhoAsksForWhat(t *testing.T) {
	t.Parallel()
	c, _ := answers(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !sameJSON(body, []byte(`{"query":"mutation { x }","variables":{"n":1}}`)) {
			t.Errorf("body %s", body)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/json", "Accept": "application/graphql-response+json, application/json",
			"Authorization": "Bearer tok_secret", "Origin": "https://app.example.com",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		if r.Method != http.MethodPost || r.URL.Path != "/graphql" {
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
		status(http.StatusOK, hello)(w, r)
	})
	var out struct{ Hello string }
	if err := c.Do(t.Context(), "mutation { x }", map[string]any{"n": 1}, &out); err != nil || out.Hello != "you" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestQueryIsTriedAgainWhenTheServerFailsForAMoment(t *testing.T) {
	t.Parallel()
	const unavailable = `{"data":null,"errors":[{"message":"Later.","extensions":{"code":"UNAVAILABLE"}}]}`
	c, asked := answers(t, status(http.StatusServiceUnavailable, ""), hangUp, status(http.StatusOK, unavailable), status(http.StatusOK, hello))
	var out struct{ Hello string }
	if err := c.Do(t.Context(), "{ hello }", nil, &out); err != nil || out.Hello != "you" {
		t.Errorf("got %+v, %v", out, err)
	}
	wantCount(t, asked, 4)
}

func TestQueryIsGivenUpAfterAFewTries(t *testing.T) {
	t.Parallel()
	down := status(http.StatusBadGateway, "<html>nginx</html>")
	c, asked := answers(t, down, down, down, down)
	err := c.Do(t.Context(), "{ hello }", nil, nil)
	if got := wantError(t, err); got.Status != http.StatusBadGateway || got.Message != "Bad Gateway" {
		t.Errorf("got %+v, want 502 without the proxy's page", got)
	}
	wantCount(t, asked, maxTries)
}

func TestMutationIsNeverSentTwice(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]http.HandlerFunc{"refused": status(http.StatusServiceUnavailable, ""), "lost": hangUp} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, asked := answers(t, down)
			if err := c.Do(t.Context(), "mutation { pay }", nil, nil); err == nil {
				t.Error("got no error")
			}
			wantCount(t, asked, 1)
		})
	}
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	const limit = `{"errors":[{"message":"Too many.","extensions":{"code":"LIMIT"}}]}`
	c, asked := answers(t, status(http.StatusOK, limit, "Retry-After", "7"))
	ctx, cancel := context.WithCancel(t.Context())
	var waits time.Duration
	c.config.Retrying = func(_ error, pause time.Duration) { waits = pause; cancel() }
	if got := wantError(t, c.Do(ctx, "{ hello }", nil, nil)); got.Code != "LIMIT" || waits != 7*time.Second {
		t.Errorf("got %+v after a pause of %s, want LIMIT and 7s", got, waits)
	}
	wantCount(t, asked, 1)
}

func TestLimitThatWaitingDoesNotCureIsToldAtOnce(t *testing.T) {
	t.Parallel()
	const limit = `{"errors":[{"message":"Too many.","extensions":{"code":"LIMIT"}}]}`
	for name, answer := range map[string]http.HandlerFunc{
		"of size": status(http.StatusOK, limit), "for an hour": status(http.StatusTooManyRequests, limit, "Retry-After", "3600"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, asked := answers(t, answer)
			if got := wantError(t, c.Do(t.Context(), "{ hello }", nil, nil)); got.Code != "LIMIT" {
				t.Errorf("got %+v", got)
			}
			wantCount(t, asked, 1)
		})
	}
}

func TestAnswersThatAreErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer http.HandlerFunc
		want   Error
	}{
		"a field":     {status(200, `{"data":{"a":null},"errors":[{"message":"No.","path":["a",0],"extensions":{"code":"FORBIDDEN"}}]}`), Error{Code: "FORBIDDEN", Message: "No.", Status: 200}},
		"a document":  {status(400, `{"errors":[{"message":"Syntax.","extensions":{"code":"INVALID"}}]}`), Error{Code: "INVALID", Message: "Syntax.", Status: 400}},
		"plain text":  {status(401, "Sign in.\n"), Error{Message: "Sign in.", Status: 401}},
		"no GraphQL":  {status(200, `[]`), Error{Message: "[]", Status: 200}},
		"no answer":   {status(200, `{}`), Error{Message: "{}", Status: 200}},
		"a redirect":  {status(307, "", "Location", "/elsewhere"), Error{Message: "Temporary Redirect", Status: 307}},
		"a long page": {status(404, strings.Repeat("x", 1000)), Error{Message: strings.Repeat("x", 300), Status: 404}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := answers(t, test.answer)
			got := *wantError(t, c.Do(t.Context(), "{ a }", nil, nil))
			if name == "a field" && len(got.Path) != 2 {
				t.Errorf("path %v, want two steps", got.Path)
			}
			if got.Code != test.want.Code || got.Message != test.want.Message || got.Status != test.want.Status {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestDataBesideErrorsIsDecoded(t *testing.T) {
	t.Parallel()
	c, _ := answers(t, status(200, `{"data":{"hello":"you"},"errors":[{"message":"One."},{"message":"Two."}]}`))
	var out struct{ Hello string }
	err := c.Do(t.Context(), "{ hello }", nil, &out)
	if wantError(t, err); out.Hello != "you" || !strings.Contains(err.Error(), "One.") || !strings.Contains(err.Error(), "Two.") {
		t.Errorf("got %+v, %v, want the data and both errors", out, err)
	}
}

func TestOnlyWhatIsSurelyAQueryCountsAsOne(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]bool{
		"{ a }": true, "query { a }": true, "query Q($a: Int) { a }": true, "# mutation\n , query{a}": true, "\ufeffquery Q { a }": true, "query($a: Int) { a }": true,
		"mutation { a }": false, "# {\nmutation { a }": false, "fragment F on A { a } query { a }": false, "": false, "#": false, "queryx": false, "subscription { a }": false,
	} {
		if isQuery(document) != want {
			t.Errorf("isQuery(%q) = %v", document, !want)
		}
	}
}

func TestAddressThatMakesNoSenseIsSaid(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:8080", "ftp://host", "http://"} {
		c := New(Config{Server: address})
		if err := c.Do(t.Context(), "{ a }", nil, nil); err == nil || !strings.Contains(err.Error(), "address") {
			t.Errorf("Do at %q = %v", address, err)
		}
		if err := c.Subscribe(t.Context(), "subscription", nil, func(json.RawMessage) error { return nil }); err == nil || !strings.Contains(err.Error(), "address") {
			t.Errorf("Subscribe at %q = %v", address, err)
		}
	}
}

func TestCanceledRequestIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, asked := answers(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client is gone
		cancel()
		<-r.Context().Done()
	})
	if err := c.Do(ctx, "{ a }", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's end", err)
	}
	wantCount(t, asked, 1)
}

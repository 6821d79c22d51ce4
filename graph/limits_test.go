package graph

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	gorilla "github.com/gorilla/websocket"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/limit"
)

// face is the whole face, asked as if from any address.
type face struct {
	t      *testing.T
	keys   *authjs.Keys
	server *Server
}

func newFace(t *testing.T, l Limits) *face {
	t.Helper()
	keys, err := authjs.NewKeys([]string{strings.Repeat("k", 40)})
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(Deps{Keys: keys, Budget: DefaultBudget(), Limits: l, Counted: func(string) {}, Now: time.Now})
	return &face{t, keys, s}
}

// token is somebody's whom our key names.
func (f *face) token(subject string) string {
	f.t.Helper()
	now := time.Now()
	token, err := f.keys.Mint(authjs.SessionCookie, authjs.Claims{Subject: subject, IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		f.t.Fatal(err)
	}
	return token
}

func (f *face) ask(from, token, query string) *httptest.ResponseRecorder {
	f.t.Helper()
	body, _ := json.Marshal(map[string]string{"query": query})
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
	r.RemoteAddr = from
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	f.server.ServeHTTP(w, r)
	return w
}

// hourly is so slow that nothing comes back while a test runs.
func hourly(n int) *limit.Keyed { return limit.New(limit.Config{Amount: n, Per: time.Hour}) }

const (
	here, there = "198.51.100.7:1000", "198.51.100.8:1000"

	broken = `{` // is refused before anybody is asked who that is
	small  = `{__typename}`
)

func wantLimit(t *testing.T, w *httptest.ResponseRecorder, seconds string) {
	t.Helper()
	var body struct {
		Errors []struct {
			Extensions struct {
				Code       string
				RetryAfter json.Number
			}
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || len(body.Errors) != 1 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	got := body.Errors[0].Extensions
	if w.Code != http.StatusTooManyRequests || got.Code != "LIMIT" || w.Header().Get("Retry-After") != seconds || got.RetryAfter.String() != seconds {
		t.Errorf("got %d, Retry-After %s, %s; want 429 after %s s", w.Code, w.Header().Get("Retry-After"), w.Body, seconds)
	}
}

func TestRequestsOfAUserAreCountedWhereverTheyComeFromAndNotToTheirNeighbours(t *testing.T) {
	t.Parallel()
	f := newFace(t, Limits{Users: Allowance{Requests: hourly(2)}, Strangers: Allowance{Requests: hourly(2)}})
	loud, quiet := f.token("loud"), f.token("quiet")
	f.ask(here, loud, broken)
	f.ask(there, loud, broken)
	for _, from := range []string{here, there} {
		wantLimit(t, f.ask(from, loud, broken), "1800")
	}
	for who, token := range map[string]string{"another user": quiet, "a stranger": ""} {
		if w := f.ask(here, token, broken); w.Code != http.StatusOK {
			t.Errorf("%s at the same address pays: %d %s", who, w.Code, w.Body)
		}
	}
}

func TestStrangersAreCountedByAddressAlsoWithAForgedToken(t *testing.T) {
	t.Parallel()
	f := newFace(t, Limits{Users: Allowance{Requests: hourly(2)}, Strangers: Allowance{Requests: hourly(2)}})
	if w := f.ask(here, "forged", small); w.Code != http.StatusUnauthorized {
		t.Errorf("a forged token: %d", w.Code)
	}
	if w := f.ask(here, "", small); w.Code != http.StatusOK {
		t.Errorf("within the limit: %d", w.Code)
	}
	wantLimit(t, f.ask(here, "", small), "1800")
	wantLimit(t, f.ask(here, "forged too", small), "1800")
	if w := f.ask(there, "", small); w.Code != http.StatusOK {
		t.Errorf("another address pays: %d", w.Code)
	}
	if w := f.ask(here, f.token("member"), broken); w.Code != http.StatusOK {
		t.Errorf("a member at the address of a loud stranger is locked out: %d", w.Code)
	}
}

func TestUpgradesAreCountedLikeRequests(t *testing.T) {
	t.Parallel()
	f := newFace(t, Limits{Strangers: Allowance{Requests: hourly(1)}})
	upgrade := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		r.RemoteAddr = here
		r.Header = http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
		w := httptest.NewRecorder()
		f.server.ServeHTTP(w, r)
		return w
	}
	if w := upgrade(); w.Code != http.StatusBadRequest { // it lacks a version: the upgrader says so
		t.Errorf("within the limit: %d", w.Code)
	}
	wantLimit(t, upgrade(), "3600")
}

func TestCostIsTakenForWhatIsAskedAndNothingIsTakenForWhatIsRefused(t *testing.T) {
	t.Parallel()
	f := newFace(t, Limits{Strangers: Allowance{Cost: hourly(10)}})
	three := `{a:__typename b:__typename c:__typename}`
	for range 3 {
		if w := f.ask(here, "", three); w.Code != http.StatusOK {
			t.Fatalf("within the limit: %d %s", w.Code, w.Body)
		}
	}
	wantLimit(t, f.ask(here, "", three), "720") // two are missing
	if w := f.ask(here, "", small); w.Code != http.StatusOK {
		t.Errorf("what was left is gone: %d", w.Code)
	}
	if w := f.ask(there, "", three); w.Code != http.StatusOK {
		t.Errorf("another address pays: %d", w.Code)
	}
}

func TestOnASocketALimitIsAnErrorMessageThatSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]Limits{
		"requests": {Strangers: Allowance{Requests: hourly(2)}}, // the upgrade is one
		"cost":     {Strangers: Allowance{Cost: hourly(1)}},
	} {
		f := newFace(t, l)
		listener := httptest.NewServer(f.server)
		defer listener.Close()
		conn, _, err := (&gorilla.Dialer{Subprotocols: []string{"graphql-transport-ws"}}).Dial("ws"+strings.TrimPrefix(listener.URL, "http"), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		say := func(text string) {
			if err := conn.WriteMessage(gorilla.TextMessage, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		hear := func(want string) {
			t.Helper()
			_, text, err := conn.ReadMessage()
			if err != nil || !strings.HasPrefix(string(text), want) {
				t.Fatalf("%s: heard %s %v, want %s", name, text, err, want)
			}
			if strings.Contains(want, "error") && !(strings.Contains(string(text), `"code":"LIMIT"`) && strings.Contains(string(text), `"retryAfter":`)) {
				t.Errorf("%s: %s", name, text)
			}
		}
		say(`{"type":"connection_init"}`)
		hear(`{"type":"connection_ack"}`)
		say(`{"id":"1","type":"subscribe","payload":{"query":"{__typename}"}}`)
		hear(`{"id":"1","type":"next"`)
		hear(`{"id":"1","type":"complete"`)
		say(`{"id":"2","type":"subscribe","payload":{"query":"{__typename}"}}`)
		hear(`{"id":"2","type":"error"`)
		_ = conn.Close()
	}
}

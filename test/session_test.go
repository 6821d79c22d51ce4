package test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/switchboard-voice/switchboard/internal/authjs"
)

const whoami = `{"query":"{ viewer { user { id } organization { slug } memberships { role organization { slug } } sessionExpiresAt } }"}`

func TestExpiredForgedAndForeignTokensOpenNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	foreign, err := authjs.NewKeys([]string{strings.Repeat("another secret ", 3)})
	if err != nil {
		t.Fatal(err)
	}
	forged, err := foreign.Mint(authjs.SessionCookie, authjs.Claims{Subject: p.user.String(), IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"expired": a.tokenFor(p.user, -time.Minute), "forged": forged, "of nobody": a.tokenFor(uuid.New(), time.Hour), "nonsense": "nonsense",
		"empty": "", "long": strings.Repeat("a", 20_000), "altered": p.token[:len(p.token)-4] + "AAAA",
	} {
		response, text := a.post(whoami, http.Header{"Authorization": {"Bearer " + token}})
		if response.StatusCode != http.StatusUnauthorized || !strings.Contains(text, "UNAUTHENTICATED") {
			t.Errorf("%s: %d %.200s", name, response.StatusCode, text)
		}
	}
	a.exec(`UPDATE switchboard.users SET sessions_valid_after = now() + interval '1 second' WHERE id = $1`, p.user)
	if response, _ := a.post(whoami, http.Header{"Authorization": {"Bearer " + p.token}}); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("ended session: %d", response.StatusCode)
	}
	if strings.Contains(a.output.String(), p.token[:40]) || strings.Contains(a.output.String(), a.secrets.auth) {
		t.Error("a token or secret is in the log")
	}
}

func TestCookiesOfBothAuthJsVersionsOpenASession(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	response, text := a.post(whoami, http.Header{"Cookie": {"authjs.session-token=" + p.token}})
	if response.StatusCode != 200 || !strings.Contains(text, `"slug":"ours"`) {
		t.Errorf("v5 cookie: %d %.200s", response.StatusCode, text)
	}
	half := len(p.token) / 2
	chunked := "authjs.session-token.1=" + p.token[half:] + "; authjs.session-token.0=" + p.token[:half]
	if _, text := a.post(whoami, http.Header{"Cookie": {chunked}}); !strings.Contains(text, `"slug":"ours"`) {
		t.Errorf("chunked cookie: %.200s", text)
	}
	if response, text := a.post(whoami, http.Header{"Cookie": {"authjs.session-token=stale"}}); response.StatusCode != 200 || !strings.Contains(text, `"viewer":null`) {
		t.Errorf("a cookie that opens nothing is nobody: %d %.200s", response.StatusCode, text)
	}
}

func TestCookieOnlyCountsFromAPageOfOurs(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	cookie := "authjs.session-token=" + p.token
	for origin, status := range map[string]int{
		"https://app.example.com": 200, "": 200, "http://app.example.com": 403, "https://app.example.com:444": 403, "https://evil.com": 403,
		"https://app.example.com.evil.com": 403, "https://evilapp.example.com": 403, "null": 403,
	} {
		header := http.Header{"Cookie": {cookie}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		response, _ := a.post(whoami, header)
		if response.StatusCode != status {
			t.Errorf("origin %q: %d, want %d", origin, response.StatusCode, status)
		}
		allowed := response.Header.Get("Access-Control-Allow-Origin")
		if want := origin; (status == 200 && allowed != want) || (status == 403 && allowed != "") {
			t.Errorf("origin %q is told %q", origin, allowed)
		}
	}
	if response, _ := a.post(`{"query":"{__typename}"}`, http.Header{"Cookie": {cookie}, "Content-Type": {"text/plain"}}); response.StatusCode < 400 {
		t.Errorf("a form's content type with a cookie: %d", response.StatusCode)
	}
}

func TestSocketOpensOnlyForPagesOfOurs(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	jar, _ := cookiejar.New(nil)
	address, _ := url.Parse(a.url)
	jar.SetCookies(address, []*http.Cookie{{Name: "authjs.session-token", Value: p.token}})
	for origin, opens := range map[string]bool{
		"https://app.example.com": true, "": true, "http://app.example.com": false, "https://evil.com": false, "https://app.example.com.evil.com": false, "null": false,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, Jar: jar}
		conn, response, err := dialer.Dial("ws"+strings.TrimPrefix(a.url, "http")+"/graphql", header)
		if (err == nil) != opens {
			t.Errorf("origin %q: %v", origin, err)
		}
		if err != nil {
			if response == nil || response.StatusCode != http.StatusForbidden {
				t.Errorf("origin %q is not answered with 403", origin)
			}
			continue
		}
		if err := conn.WriteJSON(vars{"type": "connection_init"}); err != nil {
			t.Error(err)
		}
		if _, ack, err := conn.ReadMessage(); err != nil || !strings.Contains(string(ack), "connection_ack") {
			t.Fatalf("no acknowledgement: %s %v", ack, err)
		}
		if err := conn.WriteJSON(vars{"type": "subscribe", "id": "1", "payload": vars{"query": "{ viewer { organization { slug } } }"}}); err != nil {
			t.Error(err)
		}
		_, text, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), `"slug":"ours"`) {
			t.Errorf("the cookie of the upgrade was not seen: %s", text)
		}
		conn.Close()
	}
}

func TestSocketRefusesATokenThatOpensNothing(t *testing.T) {
	t.Parallel()
	a := start(t)
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(a.url, "http")+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteJSON(vars{"type": "connection_init", "payload": vars{"authorization": "Bearer forged"}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 4403) {
		t.Errorf("closed with %v", err)
	}
}

func TestTokenCommandPrintsATokenThatOpensASession(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	out, err := a.command("token", "--email", strings.ToLower(p.user.String())+"@example.com")
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, text := a.post(whoami, http.Header{"Authorization": {"Bearer " + strings.TrimSpace(out)}}); !strings.Contains(text, `"slug":"ours"`) {
		t.Errorf("%.200s", text)
	}
	if out, err := a.command("token", "--email", "nobody@example.com"); err == nil || !strings.Contains(out, "no such user") {
		t.Errorf("an unknown address: %v %s", err, out)
	}
}

package test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestACopiedCookieIsDeadAfterSignOut(t *testing.T) {
	t.Parallel()
	a := start(t)
	_, email := a.guest("ours", "OPERATOR")
	for _, strategy := range []string{"jwt", "database"} {
		p := a.run("SESSION_STRATEGY="+strategy, "AUTH_COOKIE_SAME_SITE=strict")
		v := p.visitor()
		got := v.signIn(email, words)
		if got.status != 200 || v.session() != email {
			t.Fatalf("%s: signing in: %d %s", strategy, got.status, got.body)
		}
		if set := got.header.Get("Set-Cookie"); !strings.Contains(set, "; SameSite=Strict") || !strings.Contains(set, "; HttpOnly") {
			t.Errorf("%s: the cookie is not as configured: %s", strategy, set)
		}
		copied := v.cookie()
		if jwt := strings.Count(copied, ".") == 4; jwt != (strategy == "jwt") {
			t.Errorf("%s: the cookie is %.30s", strategy, copied)
		}
		if n := a.rows(`SELECT count(*) FROM switchboard.sessions s WHERE s::text LIKE '%' || $1 || '%'`, copied); n != 0 {
			t.Errorf("%s: the cookie itself is in the database", strategy)
		}
		open := func() bool {
			got := p.visitor().do("POST", "/graphql", "application/json", whoami, "Cookie", "next-auth.session-token="+copied)
			return strings.Contains(got.body, `"slug":"ours"`)
		}
		if !open() {
			t.Errorf("%s: the session opens no request", strategy)
		}
		v.form("/api/auth/signout", url.Values{"json": {"true"}})
		if v.session() != "" || v.cookie() != "" || open() {
			t.Errorf("%s: it lives on", strategy)
		}
		v.signIn(email, words)
		if copied = v.cookie(); !open() {
			t.Errorf("%s: the next session opens no request", strategy)
		}
		a.exec(`UPDATE switchboard.sessions SET expires_at = now() - interval '1 second'`)
		if v.session() != "" || v.cookie() != "" || open() {
			t.Errorf("%s: it outlives its end", strategy)
		}
	}
	owner := a.person("ours", "OWNER")
	owner.logged("SIGNED_OUT")
}

func TestEachSignInOpensASessionOfItsOwn(t *testing.T) {
	t.Parallel()
	a := start(t)
	_, email := a.guest("ours", "OPERATOR")
	v, other := a.visitor(), a.visitor()
	at, _ := url.Parse(a.url)
	v.http.Jar.SetCookies(at, []*http.Cookie{{Name: "next-auth.session-token", Value: "planted-by-somebody-else", Path: "/"}})
	v.signIn(email, words)
	first := v.cookie()
	v.signIn(email, words)
	other.signIn(email, words)
	if first == "planted-by-somebody-else" || v.cookie() == first || other.cookie() == v.cookie() {
		t.Error("a cookie was kept through a sign-in")
	}
	v.form("/api/auth/signout", url.Values{"json": {"true"}})
	if other.session() != email {
		t.Error("signing out here signed out there")
	}
	// What does not fit one cookie is cut, and goes as a whole.
	a.exec(`UPDATE switchboard.users SET name = repeat('𝄞', 200), avatar_url = 'https://pictures.example.com/' || repeat('a', 1970) WHERE email = $1`, email)
	parts := func() (n int) {
		for _, c := range other.http.Jar.Cookies(at) {
			if strings.HasPrefix(c.Name, "next-auth.session-token.") {
				n++
			}
		}
		return n
	}
	if other.signIn(email, words); parts() != 2 || other.session() != email {
		t.Errorf("a long session is in %d cookies and opens %q", parts(), other.session())
	}
	if other.form("/api/auth/signout", url.Values{"json": {"true"}}); parts() != 0 || other.session() != "" {
		t.Errorf("%d parts are left", parts())
	}
}

func TestASessionThatIsUsedIsRenewed(t *testing.T) {
	t.Parallel()
	a := start(t, "SESSION_MAX_AGE=2h", "SESSION_UPDATE_AGE=1h")
	_, email := a.guest("ours", "OPERATOR")
	v := a.visitor()
	v.signIn(email, words)
	before := v.cookie()
	if v.session(); v.cookie() != before {
		t.Error("it was renewed at once")
	}
	longer := a.run("SESSION_MAX_AGE=720h", "SESSION_UPDATE_AGE=24h")
	v.base = longer.url
	at, _ := url.Parse(longer.url)
	v.http.Jar.SetCookies(at, []*http.Cookie{{Name: "next-auth.session-token", Value: before, Path: "/"}})
	answer := v.get("/api/auth/session")
	expires := regexp.MustCompile(`"expires":"([^"]*)"`).FindStringSubmatch(answer.body)
	if v.cookie() == before || len(expires) != 2 || expires[1] < time.Now().Add(700*time.Hour).UTC().Format(time.RFC3339) {
		t.Errorf("it was not renewed: %s", answer.body)
	}
}

func TestOnlyFormsOfOurOwnBrowserActForIt(t *testing.T) {
	t.Parallel()
	a := start(t)
	_, email := a.guest("ours", "OPERATOR")
	v, stranger := a.visitor(), a.visitor()
	for name, got := range map[string]seen{
		"no token":            v.signIn(email, words, "csrfToken", ""),
		"a stranger's token":  v.signIn(email, words, "csrfToken", stranger.csrf()),
		"sign-out, no token":  v.form("/api/auth/signout", url.Values{"json": {"true"}, "csrfToken": {"x"}}),
		"a link, no token":    v.form("/api/auth/callback/email", url.Values{"json": {"true"}, "token": {"x"}, "csrfToken": {"x"}}),
		"provider, no token":  v.form("/api/auth/signin/sso", url.Values{"json": {"true"}, "csrfToken": {"x"}}),
		"mail link, no token": v.form("/api/auth/signin/email", url.Values{"json": {"true"}, "csrfToken": {"x"}}),
	} {
		if to := got.url(t); got.status != 200 || to.Query().Get("csrf") != "true" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	form := url.Values{"email": {email}, "password": {words}}
	for _, headers := range [][]string{{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}} {
		if got := v.form("/api/auth/callback/credentials", form, headers...); got.status != http.StatusForbidden {
			t.Errorf("%v: %d", headers, got.status)
		}
		for _, path := range []string{"/signup", "/forgot-password", "/reset-password", "/ws-ticket", "/resend-verification", "/verify-email", "/session", "/_log"} {
			if got := v.do("POST", "/api/auth"+path, "application/json", "{}", headers...); got.status != http.StatusForbidden {
				t.Errorf("%v to %s: %d", headers, path, got.status)
			}
		}
	}
	if got := v.do("POST", "/api/auth/signup", "text/plain", `{"email":"x@example.com","password":"`+words+`"}`); got.status != http.StatusFound || !strings.Contains(got.header.Get("Location"), "csrf=true") {
		t.Errorf("a form that looks like JSON: %d", got.status)
	}
	if v.session() != "" {
		t.Error("somebody is signed in")
	}
	// A form is redirected where a script is told to go.
	wrong := url.Values{"email": {email}, "password": {"not the right words"}}
	if got := v.form("/api/auth/callback/credentials", wrong); got.status != http.StatusFound || !strings.Contains(got.header.Get("Location"), "/api/auth/error?error=CredentialsSignin") || v.cookie() != "" {
		t.Errorf("a form with a wrong password: %d %s", got.status, got.header.Get("Location"))
	}
	if got := v.form("/api/auth/callback/credentials", form, "Origin", "https://app.example.com"); got.status != http.StatusFound || got.header.Get("Location") != "https://app.example.com/" || v.session() != email {
		t.Errorf("the app's own page: %d %s", got.status, got.body)
	}
	if got := v.form("/api/auth/signout", url.Values{}); got.status != http.StatusFound || v.session() != "" {
		t.Errorf("signing out by a form: %d", got.status)
	}
}

func TestPeopleGoOnToPagesOfTheAppOnly(t *testing.T) {
	t.Parallel()
	a := start(t)
	_, email := a.guest("ours", "OPERATOR")
	for callback, want := range map[string]string{
		"":                                 "https://app.example.com/",
		"/calls?x=1#top":                   a.url + "/calls?x=1#top",
		"https://app.example.com/calls":    "https://app.example.com/calls",
		"https://app.example.com.evil/":    "https://app.example.com/",
		"https://app.example.com@evil/":    "https://app.example.com/",
		"http://app.example.com/":          "https://app.example.com/",
		"//evil.example":                   "https://app.example.com/",
		"/\\evil.example":                  "https://app.example.com/",
		"/\t/evil.example":                 "https://app.example.com/",
		"javascript:alert(1)":              "https://app.example.com/",
		"data:text/html,x":                 "https://app.example.com/",
		"calls":                            "https://app.example.com/",
		"https://app.example.com:444/":     "https://app.example.com/",
		strings.Repeat("/a", 2000):         "https://app.example.com/",
		"https:app.example.com":            "https://app.example.com/",
		"https://app.example.com\r\nX: y/": "https://app.example.com/",
	} {
		v := a.visitor()
		if got := v.signIn(email, words, "callbackUrl", callback).url(t).String(); got != want {
			t.Errorf("%q leads to %s, want %s", callback, got, want)
		}
	}
}

func TestCookiesOfAnHTTPSSiteAreBoundToIt(t *testing.T) {
	t.Parallel()
	a := start(t, "AUTH_URL=https://app.example.com")
	_, email := a.guest("ours", "OPERATOR")
	csrf := a.visitor().get("/api/auth/csrf")
	set := csrf.header.Get("Set-Cookie")
	value, _, _ := strings.Cut(set, ";")
	token := regexp.MustCompile(`"csrfToken":"([0-9a-f]{64})"`).FindStringSubmatch(csrf.body)
	if !strings.HasPrefix(set, "__Host-next-auth.csrf-token="+token[1]+"%7C") {
		t.Fatalf("got %s", set)
	}
	form := url.Values{"email": {email}, "password": {words}, "csrfToken": {token[1]}, "json": {"true"}}
	signedIn := a.visitor().do("POST", "/api/auth/callback/credentials", "application/x-www-form-urlencoded", form.Encode(), "Cookie", value)
	session := signedIn.header.Get("Set-Cookie")
	if !strings.HasPrefix(session, "__Secure-next-auth.session-token=") {
		t.Fatalf("%d, got %s", signedIn.status, session)
	}
	for _, cookie := range []string{set, session} {
		for _, want := range []string{"Path=/", "HttpOnly", "Secure", "SameSite=Lax"} {
			if !slices.Contains(strings.Split(cookie, "; "), want) {
				t.Errorf("%.40s has no %s", cookie, want)
			}
		}
		if strings.Contains(cookie, "Domain") {
			t.Errorf("%.40s is shared", cookie)
		}
	}
	shared := a.run("AUTH_COOKIE_DOMAIN=example.com", "AUTH_COOKIE_SAME_SITE=none", "AUTH_COOKIE_PARTITIONED=true", "AUTH_COOKIE_PLAIN_NAMES=true").visitor().get("/api/auth/csrf").header.Get("Set-Cookie")
	for _, want := range []string{"Domain=example.com", "SameSite=None", "Partitioned", "Secure"} {
		if !slices.Contains(strings.Split(shared, "; "), want) || !strings.HasPrefix(shared, "next-auth.csrf-token=") {
			t.Errorf("configured to be shared: %s has no %s", shared, want)
		}
	}
}

func TestAProvidersAnswerThatNobodyAskedForOpensNothing(t *testing.T) {
	t.Parallel()
	a := start(t, "GITHUB_ID=client", "GITHUB_SECRET=secret")
	v := a.visitor()
	began := v.form("/api/auth/signin/github", url.Values{"json": {"true"}}).url(t)
	q := began.Query()
	if began.Host != "github.com" || q.Get("state") == "" || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != a.url+"/api/auth/callback/github" {
		t.Errorf("asked at %s", began)
	}
	for name, got := range map[string]seen{
		"another browser": a.visitor().get("/api/auth/callback/github?code=c&state=" + q.Get("state")),
		"another state":   v.get("/api/auth/callback/github?code=c&state=x"),
		"used up":         v.get("/api/auth/callback/github?code=c&state=" + q.Get("state")), // the one before took it
		"refused":         v.get("/api/auth/callback/github?error=access_denied"),
	} {
		if to := got.header.Get("Location"); got.status != http.StatusFound || !strings.HasSuffix(to, "/api/auth/error?error=OAuthCallback") {
			t.Errorf("%s: %d to %s", name, got.status, to)
		}
	}
	if v.session() != "" {
		t.Error("somebody is signed in")
	}
}

func TestNonsenseIsAnsweredAndTooMuchIsCut(t *testing.T) {
	t.Parallel()
	a := start(t)
	v := a.visitor()
	for path, want := range map[string]int{"/api/auth/nothing": 404, "/api/auth/callback/unknown": 302, "/api/auth/signin/unknown": 200, "/api/auth/callback/sso-x": 302, "/api/auth/": 404} {
		if got := v.get(path); got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
	}
	for body, want := range map[string]int{"": 400, "[]": 400, `{"email":1}`: 400, `{"email":"a@example.com"`: 400, `{"email":"` + strings.Repeat("a", 20_000) + `"}`: 413} {
		if got := v.script("/api/auth/signup", body); got.status != want {
			t.Errorf("%.20q: %d, want %d", body, got.status, want)
		}
	}
	for _, broken := range []string{"a\x00@example.com", "a\xff@example.com"} {
		if got := v.signIn(broken, words); got.status != 400 {
			t.Errorf("%q, which no database takes: %d %s", broken, got.status, got.body)
		}
	}
	for path, want := range map[string]struct {
		status   int
		contains string
	}{
		"/verify-request?provider=email&type=email": {200, "Look into your mail"},
		"/signin":                         {200, "Sign in"},
		"/signin?error=CredentialsSignin": {200, "do not fit together"},
		"/signout":                        {200, "Do you want to sign out?"},
		"/error?error=AccessDenied":       {403, "may not sign in this way"},
		"/error?error=Verification":       {403, "does not work any more"},
		"/error?error=Configuration":      {500, "configuration"},
	} {
		if got := v.get("/api/auth" + path); got.status != want.status || !strings.Contains(got.body, want.contains) {
			t.Errorf("%s: %d, want %d with %q", path, got.status, want.status, want.contains)
		}
	}
	if got := v.get("/api/auth/error?error=OAuthCallback"); got.status != 302 || got.header.Get("Location") != a.url+"/api/auth/signin?error=OAuthCallback" {
		t.Errorf("what can be tried again is not sent where it is tried: %d %s", got.status, got.header.Get("Location"))
	}
	page := v.get("/api/auth/signin?error=%3Cscript%3Ealert(1)%3C/script%3E&callbackUrl=%22%3E%3Cscript%3E")
	if strings.Contains(page.body, "<script") || !strings.Contains(page.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the page repeats what a link says: %s", page.body)
	}
}

func TestATicketNeedsASession(t *testing.T) {
	t.Parallel()
	a := start(t)
	_, email := a.guest("ours", "OPERATOR")
	v := a.visitor()
	if got := v.script("/api/auth/ws-ticket", "{}"); got.status != http.StatusUnauthorized {
		t.Errorf("nobody: %d", got.status)
	}
	v.signIn(email, words)
	if got := v.script("/api/auth/ws-ticket", "{}"); got.status != 200 || !strings.Contains(got.body, `"ticket":"swt_`) {
		t.Errorf("somebody: %d %s", got.status, got.body)
	}
}

func TestFormsOfOneAddressArePacedBeforeAnythingIsAskedForThem(t *testing.T) {
	t.Parallel()
	a := start(t, "LIMIT_SIGN_IN_PER_ADDRESS=2", "TRUSTED_PROXIES=127.0.0.1")
	v := a.visitor()
	from := func(address string) seen {
		return v.do("POST", "/api/auth/_log", "application/json", "{}", "X-Forwarded-For", address)
	}
	var got seen
	for range 200 { // 20 at once, then two a second
		if got = from("203.0.113.1"); got.status != http.StatusOK {
			break
		}
	}
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" {
		t.Errorf("one address: %d %s", got.status, got.body)
	}
	if got := from("203.0.113.2"); got.status != http.StatusOK {
		t.Errorf("another address: %d %s", got.status, got.body)
	}
}

package authjs_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/authjs"
)

// browser keeps cookies by name, as far as a jar's tests need.
type browser map[string]*http.Cookie

func (b browser) request() *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range b {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return r
}

func (b browser) take(w *httptest.ResponseRecorder) []*http.Cookie {
	list := w.Result().Cookies()
	for _, c := range list {
		if b[c.Name] = c; c.MaxAge < 0 {
			delete(b, c.Name)
		}
	}
	return list
}

func (b browser) names() []string {
	var list []string
	for name := range b {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

var https = authjs.JarConfig{Secure: true}

func TestALongSessionIsCutAndAShortOneTakesTheChunksAway(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, secret)
	jar, b := authjs.NewJar(keys, https), browser{}
	want := authjs.Claims{Subject: "ada", Session: "sid", Name: strings.Repeat("Ada ", 1500), IssuedAt: issued, ExpiresAt: issued.Add(time.Hour)}
	long, err := keys.Mint(jar.SessionName(), want)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	jar.SetSession(w, b.request(), long, want.ExpiresAt)
	for _, c := range b.take(w) {
		if len(c.String()) > 4096+len("; Expires=Mon, 02 Jan 2006 15:04:05 GMT") || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || !c.Expires.Equal(want.ExpiresAt) {
			t.Errorf("%.60s is %+v", c.Name, c)
		}
	}
	if got := b.names(); len(got) < 2 || got[0] != "__Secure-next-auth.session-token.0" {
		t.Fatalf("cookies %v", got)
	}
	if claims, found, err := keys.FromCookies(b.request().Cookies(), issued); err != nil || !found || !same(claims, want) {
		t.Errorf("FromCookies = %v, %v", found, err)
	}
	w = httptest.NewRecorder()
	jar.SetSession(w, b.request(), "short", want.ExpiresAt)
	if b.take(w); len(b) != 1 || b["__Secure-next-auth.session-token"].Value != "short" || authjs.Opaque(b.request().Cookies()) != "short" {
		t.Errorf("cookies %v", b.names())
	}
	w = httptest.NewRecorder()
	jar.ClearSession(w, b.request())
	if b.take(w); len(b) != 0 {
		t.Errorf("cookies %v", b.names())
	}
}

func TestSigningOutForgetsTheSessionsOfEachVersionAndNothingElse(t *testing.T) {
	t.Parallel()
	b := browser{}
	for _, name := range []string{"authjs.session-token", "__Secure-authjs.session-token.0", "next-auth.session-token.1", "next-auth.session-token-old", "theme"} {
		b[name] = &http.Cookie{Name: name, Value: "x"}
	}
	w := httptest.NewRecorder()
	authjs.NewJar(newKeys(t, secret), authjs.JarConfig{}).ClearSession(w, b.request())
	for _, c := range b.take(w) {
		if strings.HasPrefix(c.Name, "__Secure-") != c.Secure {
			t.Errorf("a browser would ignore %+v", c)
		}
	}
	if got := b.names(); !slices.Equal(got, []string{"next-auth.session-token-old", "theme"}) {
		t.Errorf("left %v", got)
	}
}

func TestNamesAndAttributesFollowTheConfiguration(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config        authjs.JarConfig
		session, csrf string
	}{
		"http":    {authjs.JarConfig{}, "next-auth.session-token", "next-auth.csrf-token"},
		"https":   {https, "__Secure-next-auth.session-token", "__Host-next-auth.csrf-token"},
		"plain":   {authjs.JarConfig{Secure: true, Plain: true}, "next-auth.session-token", "next-auth.csrf-token"},
		"shared":  {authjs.JarConfig{Secure: true, Domain: "x.test"}, "__Secure-next-auth.session-token", "__Secure-next-auth.csrf-token"},
		"foreign": {authjs.JarConfig{Secure: true, SameSite: http.SameSiteNoneMode, Partitioned: true}, "__Secure-next-auth.session-token", "__Host-next-auth.csrf-token"},
	} {
		jar, w := authjs.NewJar(newKeys(t, secret), c.config), httptest.NewRecorder()
		jar.CSRF(w, browser{}.request())
		got := w.Result().Cookies()[0]
		if jar.SessionName() != c.session || got.Name != c.csrf || got.Secure != c.config.Secure || got.Domain != c.config.Domain || got.Partitioned != c.config.Partitioned {
			t.Errorf("%s: %s, %+v", name, jar.SessionName(), got)
		}
		if want := max(c.config.SameSite, http.SameSiteLaxMode); got.SameSite != want {
			t.Errorf("%s: SameSite %v", name, got.SameSite)
		}
	}
}

func TestOnlyTheTokenOfTheBrowsersOwnCookieIsRepeated(t *testing.T) {
	t.Parallel()
	jar, b, other := authjs.NewJar(newKeys(t, secret), https), browser{}, browser{}
	w := httptest.NewRecorder()
	token := jar.CSRF(w, b.request())
	cookie := b.take(w)[0]
	if hash := newKeys(t, secret).Hash(token); cookie.Value != token+"%7C"+hash {
		t.Errorf("cookie %q", cookie.Value)
	}
	w = httptest.NewRecorder()
	if again := jar.CSRF(w, b.request()); again != token || len(w.Result().Cookies()) != 0 {
		t.Error("a token that is there was made again")
	}
	w = httptest.NewRecorder()
	strangers := jar.CSRF(w, other.request())
	other.take(w)
	if !jar.CSRFRepeated(b.request(), token) || jar.CSRFRepeated(b.request(), strangers) || jar.CSRFRepeated(b.request(), "") || jar.CSRFRepeated(browser{}.request(), "") {
		t.Error("the wrong token passes")
	}
	b[cookie.Name].Value = strangers + "%7C" + strings.Repeat("0", 64)
	if jar.CSRFRepeated(b.request(), strangers) {
		t.Error("a planted cookie passes")
	}
}

func TestAnAnswerIsTakenOnceAndForItsProviderOnly(t *testing.T) {
	t.Parallel()
	jar := authjs.NewJar(newKeys(t, secret), https)
	keep := func() browser {
		b, w := browser{}, httptest.NewRecorder()
		if err := jar.Keep(w, authjs.State, "google", "value", issued); err != nil {
			t.Fatal(err)
		}
		b.take(w)
		return b
	}
	b, w := keep(), httptest.NewRecorder()
	if got := jar.Use(w, b.request(), authjs.State, "google", issued); got != "value" {
		t.Errorf("Use = %q", got)
	}
	if b.take(w); len(b) != 0 || jar.Use(w, b.request(), authjs.State, "google", issued) != "" {
		t.Error("it can be used again")
	}
	for name, got := range map[string]string{
		"another provider": jar.Use(w, keep().request(), authjs.State, "github", issued),
		"too late":         jar.Use(w, keep().request(), authjs.State, "google", issued.Add(time.Hour)),
		"another secret":   authjs.NewJar(newKeys(t, other), https).Use(w, keep().request(), authjs.State, "google", issued),
		"another check":    jar.Use(w, browser{"x": {Name: "__Secure-next-auth.nonce", Value: keep()["__Secure-next-auth.state"].Value}}.request(), authjs.Nonce, "google", issued),
		"nonsense":         jar.Use(w, browser{"x": {Name: "__Secure-next-auth.state", Value: "x"}}.request(), authjs.State, "google", issued),
	} {
		if got != "" {
			t.Errorf("%s: Use = %q", name, got)
		}
	}
	if rotated := authjs.NewJar(newKeys(t, other, secret), https).Use(w, keep().request(), authjs.State, "google", issued); rotated != "value" {
		t.Error("a rotation in between loses the answer")
	}
}

func TestACheckOpensNoSession(t *testing.T) {
	t.Parallel()
	keys, w := newKeys(t, secret), httptest.NewRecorder()
	if err := authjs.NewJar(keys, https).Keep(w, authjs.PKCE, "google", "value", issued); err != nil {
		t.Fatal(err)
	}
	_, err := keys.FromBearer(w.Result().Cookies()[0].Value, issued)
	wantInvalid(t, err)
}

func TestWhereToGoIsRememberedAsItWas(t *testing.T) {
	t.Parallel()
	jar := authjs.NewJar(newKeys(t, secret), https)
	for _, address := range []string{"https://app.example.com/a?b=c&d=e%20f", "https://app.example.com/ä;,\"\\"} {
		b, w := browser{}, httptest.NewRecorder()
		jar.SetCallbackURL(w, address)
		if b.take(w); jar.CallbackURL(b.request()) != address {
			t.Errorf("%q came back as %q", address, jar.CallbackURL(b.request()))
		}
	}
	b, w := browser{}, httptest.NewRecorder()
	jar.SetCallbackURL(w, "https://app.example.com/"+strings.Repeat("a", 5000))
	if b.take(w); len(b) != 0 {
		t.Error("a browser would drop so long a cookie")
	}
}

func FuzzJar(f *testing.F) {
	jar := authjs.NewJar(newKeys(f, secret, other), authjs.JarConfig{})
	f.Add("next-auth.csrf-token=a|b; next-auth.callback-url=https%3A%2F%2Fx; next-auth.state=a.b.c.d.e; next-auth.session-token.0=x")
	f.Fuzz(func(t *testing.T, header string) {
		r := &http.Request{Header: http.Header{"Cookie": {header}}}
		w := httptest.NewRecorder()
		if jar.CSRFRepeated(r, "") || len(jar.CSRF(w, r)) != 64 || len(jar.CallbackURL(r)) > 2048 {
			t.Errorf("%q: %v", header, w.Header())
		}
		if value := jar.Use(w, r, authjs.State, "google", issued); value != "" {
			t.Errorf("%q kept %q", header, value)
		}
		jar.ClearSession(w, r)
		if strings.Contains(authjs.Opaque(r.Cookies()), ".") {
			t.Errorf("%q: a token is no opaque value", header)
		}
		for _, line := range w.Header()["Set-Cookie"] {
			if strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("%q writes %q", header, line)
			}
		}
	})
}

package config

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestQueriesArePooledAndListenAndMigrationsAreNot(t *testing.T) {
	t.Parallel()
	const neon, elsewhere = "postgres://u:p@ep-1-pooler.aws.neon.tech/main", "postgres://u:p@db.example.com:5433/main"
	for _, c := range []struct {
		name, pooled, direct string
		environ              map[string]string
		hasDirect            bool
	}{
		{"NEON_PG_CONN wins", neon, "postgres://u:p@ep-1.aws.neon.tech/main", map[string]string{"NEON_PG_CONN": neon, "DATABASE_URL": elsewhere}, true},
		{"DATABASE_URL", elsewhere, elsewhere, map[string]string{"DATABASE_URL": elsewhere}, true},
		{"unpooled is said", neon, elsewhere, map[string]string{"DATABASE_URL": neon, "DATABASE_URL_UNPOOLED": elsewhere}, true},
		{"port stays", "postgres://u@x-pooler.example.com:6432/m", "postgres://u@x.example.com:6432/m", map[string]string{"DATABASE_URL": "postgres://u@x-pooler.example.com:6432/m"}, true},
		{"only the first label", "postgres://u@a.b-pooler.com/m", "postgres://u@a.b-pooler.com/m", map[string]string{"DATABASE_URL": "postgres://u@a.b-pooler.com/m"}, true},
		{"a container's name", "postgres://u@pg-pooler/m", "postgres://u@pg-pooler/m", map[string]string{"DATABASE_URL": "postgres://u@pg-pooler/m"}, false},
		{"Prisma's words", "postgres://u@h.example.com/m?sslmode=require", "postgres://u@h.example.com/m?sslmode=require", map[string]string{"DATABASE_URL": "postgres://u@h.example.com/m?pgbouncer=true&connection_limit=1&sslmode=require"}, false},
		{"words", "host=h user=u", "host=h user=u", map[string]string{"DATABASE_URL": "host=h user=u"}, true},
		{"nothing", "", "", nil, false},
	} {
		got := load(t, c.environ)
		if got.PooledURL() != c.pooled || got.DirectURL() != c.direct || got.HasDirect() != c.hasDirect {
			t.Errorf("%s: %s, %s, %v", c.name, got.PooledURL(), got.DirectURL(), got.HasDirect())
		}
	}
}

func TestTheHighestNumberedSecretEncryptsAndAllOpen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environ map[string]string
		want    []string
	}{
		{map[string]string{"AUTH_SECRET": "zero"}, []string{"zero"}},
		{map[string]string{"NEXTAUTH_SECRET": "old"}, []string{"old"}},
		{map[string]string{"AUTH_SECRET": "zero", "NEXTAUTH_SECRET": "old"}, []string{"zero", "old"}},
		{map[string]string{"AUTH_SECRET": "same", "NEXTAUTH_SECRET": "same"}, []string{"same"}},
		{map[string]string{"AUTH_SECRET": "zero", "AUTH_SECRET_1": "one", "AUTH_SECRET_2": "two", "AUTH_SECRET_3": "three"}, []string{"three", "two", "one", "zero"}},
		{map[string]string{"AUTH_SECRET_2": "two", "AUTH_SECRET": " "}, []string{"two"}},
	} {
		if got := load(t, c.environ).AuthSecrets(); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.environ, got, c.want)
		}
	}
}

func TestOriginsAreWrittenLikeABrowserWritesThem(t *testing.T) {
	t.Parallel()
	got := load(t, map[string]string{
		"NEXT_PUBLIC_APP_URL": "https://App.example.com:443/dashboard, http://localhost:3000",
		"ALLOWED_ORIGINS":     "https://app.example.com,http://other.example.com:80/ , https://third.example.com:8443",
	}).Origins()
	want := []string{"https://app.example.com", "http://localhost:3000", "http://other.example.com", "https://third.example.com:8443"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAnOriginThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"*", "null", "app.example.com", "https://*.example.com", "https://app.example.com/path", "https://u:p@app.example.com", "file:///tmp"} {
		if _, err := Load(with("ALLOWED_ORIGINS=" + origin)); err == nil {
			t.Errorf("%s is taken for an origin", origin)
		}
	}
}

func TestGraphiQLMayCallItsOwnServer(t *testing.T) {
	t.Parallel()
	if got := load(t, with("GRAPHIQL=true")).Origins(); !slices.Contains(got, "https://api.example.com") {
		t.Errorf("%v", got)
	}
	if got := load(t, good()).Origins(); slices.Contains(got, "https://api.example.com") {
		t.Errorf("without GraphiQL: %v", got)
	}
}

func TestWebhooksGoToTheAppWithAWarningWhereNoBackendIsNamed(t *testing.T) {
	t.Parallel()
	c := load(t, with("BACKEND_URL=", "NEXT_PUBLIC_APP_URL=https://app.example.com/,https://second.example.com"))
	if got := c.PublicURL(); got != "https://app.example.com" {
		t.Errorf("base %s", got)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	wantWarning(t, c, "BACKEND_URL is not set")
	if got := load(t, good()).PublicURL(); got != "https://api.example.com" {
		t.Errorf("base %s", got)
	}
}

func TestWhatMaySurpriseIsSaid(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"DATABASE_URL=postgres://u@other.example.com/m": "NEON_PG_CONN wins",
		"NEON_PG_CONN=postgres://u@pg-pooler/m":         "DATABASE_URL_UNPOOLED is not set",
		"NEXT_PUBLIC_APP_URL=":                          "no page of another address",
		"ALLOWED_ORIGINS=http://app.example.org":        "a page without https",
		"BACKEND_URL=http://localhost:8080":             "BACKEND_URL cannot be reached",
		"ASSEMBLYAI_UPLOAD=always":                      "ASSEMBLYAI_UPLOAD",
		"GRAPHIQL=true":                                 "GRAPHIQL is on",
		"INTROSPECTION=1":                               "INTROSPECTION is on",
	} {
		wantWarning(t, load(t, with(change)), want)
	}
}

func wantWarning(t *testing.T, c Config, want string) {
	t.Helper()
	if !slices.ContainsFunc(c.Warnings(), func(w string) bool { return strings.Contains(w, want) }) {
		t.Errorf("%q is not in %q", want, c.Warnings())
	}
}

func TestAudioIsSentWhereTheProviderCannotFetchIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		public, provider, mode string
		want                   bool
	}{
		{"https://api.example.com", "https://api.assemblyai.com", "auto", false},
		{"http://localhost:8080", "https://api.assemblyai.com", "auto", true},
		{"http://localhost:8080", "http://127.0.0.1:9999", "auto", false},
		{"http://192.168.1.20:8080", "https://api.assemblyai.com", "auto", true},
		{"http://mac.local:8080", "https://api.assemblyai.com", "auto", true},
		{"http://[::1]:8080", "https://api.assemblyai.com", "auto", true},
		{"http://backend:8080", "https://api.assemblyai.com", "auto", true},
		{"https://8.8.8.8", "https://api.assemblyai.com", "auto", false},
		{"http://localhost:8080", "https://api.assemblyai.com", "never", false},
		{"https://api.example.com", "https://api.assemblyai.com", "Always", true},
	} {
		got := load(t, with("BACKEND_URL="+c.public, "ASSEMBLYAI_BASE_URL="+c.provider, "ASSEMBLYAI_UPLOAD="+c.mode))
		if got.UploadsAudio() != c.want {
			t.Errorf("%v: %v", c, got.UploadsAudio())
		}
	}
}

func TestTrustedProxiesAreNetworksOrSingleAddresses(t *testing.T) {
	t.Parallel()
	got := load(t, with("TRUSTED_PROXIES=10.1.2.3/8, 192.0.2.7,2001:db8::/32")).TrustedProxies
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::/32")}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

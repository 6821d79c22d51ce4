package config

import (
	"strings"
	"testing"
)

func TestBrowsersSeeSignInAtTheAppThatPassesItOnElseAtUs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  []string
		want string
	}{
		{nil, "https://api.example.com"},
		{[]string{"NEXTAUTH_URL=https://old.example.com/api/auth"}, "https://old.example.com"},
		{[]string{"NEXTAUTH_URL=https://old.example.com", "AUTH_URL=https://APP.example.com:443/"}, "https://app.example.com"},
	} {
		got := load(t, with(c.set...))
		if got.SignInURL() != c.want || !got.SecureCookies() || got.HomeURL() != "https://app.example.com/dashboard/" {
			t.Errorf("%v: %s, home %s", c.set, got.SignInURL(), got.HomeURL())
		}
	}
}

func TestHalfAProviderAndCookiesThatBrowsersDropAreRefused(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"GOOGLE_CLIENT_ID=x":            "GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET",
		"GITHUB_SECRET=x":               "GITHUB_ID and GITHUB_SECRET",
		"OIDC_ISSUER=https://x.example": "OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET",
		"OIDC_ISSUER=x":                 "OIDC_ISSUER must be a web address",
		"GITHUB_BASE_URL=x":             "GITHUB_BASE_URL must be a web address",
		"SMTP_FROM=":                    "SMTP_HOST and SMTP_FROM",
		"SMTP_USER=x":                   "SMTP_USER and SMTP_PASS",
		"SMTP_PORT=0":                   "SMTP_PORT must be a port",
		"SESSION_UPDATE_AGE=721h":       "SESSION_UPDATE_AGE must be",
		"SESSION_MAX_AGE=-1s":           "SESSION_MAX_AGE must be above zero",
		"SESSION_STRATEGY=cookie":       "SESSION_STRATEGY must be one of",
		"AUTH_COOKIE_SAME_SITE=maybe":   "AUTH_COOKIE_SAME_SITE must be one of",
	} {
		if _, err := Load(with(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change, err)
		}
	}
	if _, err := Load(with("AUTH_COOKIE_SAME_SITE=none", "AUTH_URL=http://localhost:3000")); err == nil || !strings.Contains(err.Error(), "AUTH_COOKIE_SAME_SITE") {
		t.Errorf("a cookie that no browser keeps: %v", err)
	}
	if err := load(t, with("AUTH_URL=http://app.example.com")).Check(); err == nil || !strings.Contains(err.Error(), "AUTH_URL") {
		t.Errorf("passwords in clear: %v", err)
	}
	for change, want := range map[string]string{"GOOGLE_ISSUER=https://evil.example.com": "GOOGLE_ISSUER is for tests", "GITHUB_BASE_URL=http://github.example.com": "GITHUB_BASE_URL must begin with https://"} {
		if err := load(t, with(change)).Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", change, err)
		}
	}
	if err := load(t, with("GOOGLE_ISSUER=http://127.0.0.1:9", "BACKEND_URL=http://127.0.0.1:8080")).Check(); err != nil {
		t.Errorf("an issuer of a test: %v", err)
	}
}

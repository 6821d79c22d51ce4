package test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"
)

// idp is an organization's own OpenID provider, which says whatever a test wants.
type idp struct {
	url      string
	nonce    string
	subject  string
	email    string
	verified bool
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &idp{}
	public := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: "RS256"}}}
	mux := http.NewServeMux()
	mux.Handle("/", public)
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if id, secret, _ := r.BasicAuth(); id != "client" || secret != "s3cret" || r.FormValue("code_verifier") == "" {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		claims, _ := json.Marshal(map[string]any{
			"iss": p.url, "aud": "client", "sub": p.subject, "nonce": p.nonce, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
			"email": p.email, "email_verified": p.verified,
		})
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": oidctest.SignIDToken(key, "k", "RS256", string(claims))})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p.url = server.URL
	public.SetIssuer(server.URL)
	return p
}

// connect gives an organization a sign-on of its own, for a domain that it has proven.
func (p *person) connect(issuer, domain string, required bool) {
	p.t.Helper()
	p.app.exec(`INSERT INTO switchboard.sso_domains (organization_id, domain, challenge, verified_at) VALUES ($1, $2, 'x', now())`, p.organization.UUID, domain)
	_, problems := p.mutate(`mutation($in: SsoConnectionSetInput!) { ssoConnectionSet(input: $in) { ssoConnection { issuer } userErrors { code message path } } }`,
		vars{"in": vars{"organizationId": p.organization.String(), "issuer": issuer, "clientId": "client", "clientSecret": "s3cret", "requireSso": required}})
	if len(problems) > 0 {
		p.t.Fatalf("setting the sign-on: %v", problems)
	}
}

// github is a server of one's own that speaks as GitHub does.
type github struct{ url, emails string }

func newGitHub(t *testing.T) *github {
	t.Helper()
	g := &github{}
	mux := http.NewServeMux()
	mux.HandleFunc("/login/oauth/access_token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_id") != "client" || r.FormValue("client_secret") != "s3cret" || r.FormValue("code_verifier") == "" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"a","token_type":"bearer"}`)
	})
	mux.HandleFunc("/api/v3/user", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"id":7,"login":"ada"}`) })
	mux.HandleFunc("/api/v3/user/emails", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, g.emails) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// through goes to the provider of an address and back, as a browser would, and gives where that leads.
func (v *visitor) through(p *idp, email string) string {
	v.t.Helper()
	return v.by("sso", p.url, url.Values{"email": {email}}, func(asked url.Values) { p.nonce = asked.Get("nonce") })
}

// by is through for any provider; asked sees what the provider is asked.
func (v *visitor) by(way, provider string, fields url.Values, asked func(url.Values)) string {
	v.t.Helper()
	fields.Set("json", "true")
	to := v.form("/api/auth/signin/"+way, fields).url(v.t)
	if !strings.HasPrefix(to.String(), provider) {
		return to.String()
	}
	q := to.Query()
	asked(q)
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		v.t.Fatal(err)
	}
	return v.get(back.Path + "?code=c&state=" + url.QueryEscape(q.Get("state"))).header.Get("Location")
}

func TestAnOrganizationsOwnSignOnLetsItsPeopleInAndNobodyElse(t *testing.T) {
	t.Parallel()
	a := start(t, "EGRESS_ALLOW=127.0.0.1/32")
	owner := a.person("corp", "OWNER")
	p := newIDP(t)
	owner.connect(p.url, "corp.example", false)

	p.subject, p.email, p.verified = "1", "grace@corp.example", true
	v := a.visitor()
	if to := v.through(p, "Grace@Corp.example"); to != "https://app.example.com/" || v.session() != "grace@corp.example" {
		t.Fatalf("led to %s, signed in as %q", to, v.session())
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.memberships m JOIN switchboard.users u ON u.id = m.user_id WHERE u.email = $1 AND m.role = 'VIEWER'`, "grace@corp.example"); n != 1 {
		t.Errorf("she has %d memberships", n)
	}

	_, victim := a.guest("ours", "OWNER") // at another domain: the issuer may say nothing about it
	p.subject, p.email = "2", victim
	eve := a.visitor()
	if to := eve.through(p, "x@corp.example"); !strings.Contains(to, "error=AccessDenied") || eve.session() != "" {
		t.Errorf("another domain's address: %s, %q", to, eve.session())
	}
	p.subject, p.email, p.verified = "3", "root@corp.example", false
	if to := eve.through(p, "x@corp.example"); !strings.Contains(to, "error=AccessDenied") || eve.session() != "" {
		t.Errorf("an address that nobody verified: %s, %q", to, eve.session())
	}
	if to := eve.through(p, "x@elsewhere.example"); !strings.Contains(to, "error=NoSingleSignOn") {
		t.Errorf("a domain without: %s", to)
	}
}

func TestARequiredSignOnClosesEveryOtherWayIn(t *testing.T) {
	t.Parallel()
	p, g := newIDP(t), newGitHub(t)
	a := start(t, "EGRESS_ALLOW=127.0.0.1/32", "GOOGLE_ISSUER="+p.url, "GOOGLE_CLIENT_ID=client", "GOOGLE_CLIENT_SECRET=s3cret",
		"GITHUB_BASE_URL="+g.url, "GITHUB_ID=client", "GITHUB_SECRET=s3cret")
	owner := a.person("corp", "OWNER")
	member, email := a.guest("corp", "OPERATOR")
	a.exec(`UPDATE switchboard.users SET email = replace(email, 'example.com', 'corp.example') WHERE id = $1`, member.user)
	email = strings.Replace(email, "example.com", "corp.example", 1)
	owner.connect(p.url, "corp.example", true)
	v := a.visitor()
	for name, got := range map[string]seen{
		"password":     v.signIn(email, words),
		"link by mail": v.form("/api/auth/signin/email", url.Values{"email": {email}, "json": {"true"}}),
	} {
		if to := got.url(t); got.status != http.StatusForbidden || to.Query().Get("error") != "AccessDenied" {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := v.script("/api/auth/signup", `{"email":"new@corp.example","password":"`+words+`"}`); got.status != http.StatusForbidden {
		t.Errorf("sign-up: %d %s", got.status, got.body)
	}
	for name, to := range map[string]string{"google": a.visitor().byGoogle(p, "9", email, true), "github": a.visitor().byGitHub(g, email, true)} {
		if !strings.Contains(to, "error=AccessDenied") {
			t.Errorf("%s leads to %s", name, to)
		}
	}
	p.subject, p.email, p.verified = "1", email, true
	if v.through(p, email); v.session() != email {
		t.Errorf("the sign-on itself lets in %q", v.session())
	}
	owner.logged("SSO_CHANGED")
	// What cannot be asked refuses.
	a.exec(`ALTER TABLE switchboard.sso_domains RENAME TO away`)
	if got := a.visitor().signIn(email, words); got.status != http.StatusServiceUnavailable {
		t.Errorf("without an answer: %d %s", got.status, got.body)
	}
	a.exec(`ALTER TABLE switchboard.away RENAME TO sso_domains`)
}

func (v *visitor) byGoogle(p *idp, subject, email string, verified bool) string {
	v.t.Helper()
	p.subject, p.email, p.verified = subject, email, verified
	return v.by("google", p.url, url.Values{}, func(asked url.Values) { p.nonce = asked.Get("nonce") })
}

func (v *visitor) byGitHub(g *github, email string, verified bool) string {
	v.t.Helper()
	g.emails = fmt.Sprintf(`[{"email":%q,"primary":true,"verified":%t}]`, email, verified)
	return v.by("github", g.url, url.Values{}, func(url.Values) {})
}

// What Google and GitHub say goes their own ways through the program, to servers that speak as they do.
func TestGoogleAndGitHubLetInWhoseAddressTheyVerifiedAndNobodyElse(t *testing.T) {
	t.Parallel()
	p, g := newIDP(t), newGitHub(t)
	a := start(t, "GOOGLE_ISSUER="+p.url, "GOOGLE_CLIENT_ID=client", "GOOGLE_CLIENT_SECRET=s3cret", "GITHUB_BASE_URL="+g.url, "GITHUB_ID=client", "GITHUB_SECRET=s3cret")
	known, email := a.guest("ours", "OPERATOR")
	for way, by := range map[string]func(v *visitor, email string, verified bool) string{
		"google": func(v *visitor, email string, verified bool) string { return v.byGoogle(p, email, email, verified) },
		"github": func(v *visitor, email string, verified bool) string { return v.byGitHub(g, email, verified) },
	} {
		v := a.visitor()
		if to := by(v, email, false); v.session() != "" || !strings.Contains(to, "/api/auth/error?error=") {
			t.Errorf("%s: an address that nobody verified leads to %s", way, to)
		}
		if to := by(v, email, true); v.session() != email || to != "https://app.example.com/" {
			t.Errorf("%s: a verified address is %q and leads to %s", way, v.session(), to)
		}
	}
	v := a.visitor()
	if v.byGoogle(p, "new", "grace@example.net", true); v.session() != "grace@example.net" {
		t.Errorf("a newcomer is %q", v.session())
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.memberships m JOIN switchboard.users u ON u.id = m.user_id WHERE u.email = 'grace@example.net' AND m.role = 'OWNER'
		AND m.organization_id <> $1`, known.organization.UUID); n != 1 {
		t.Error("a newcomer owns no organization of her own")
	}
	other := a.visitor()
	to := other.by("google", p.url, url.Values{}, func(url.Values) { p.nonce = "of another question" })
	if !strings.HasSuffix(to, "error=OAuthCallback") || other.session() != "" {
		t.Errorf("an answer to another question leads to %s", to)
	}
}

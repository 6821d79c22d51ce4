package test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
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

// through goes to the provider of an address and back, as a browser would, and gives where that leads.
func (v *visitor) through(p *idp, email string) string {
	v.t.Helper()
	to := v.form("/api/auth/signin/sso", url.Values{"email": {email}, "json": {"true"}}).url(v.t)
	if !strings.HasPrefix(to.String(), p.url) {
		return to.String()
	}
	q := to.Query()
	p.nonce = q.Get("nonce")
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
	a := start(t, "EGRESS_ALLOW=127.0.0.1/32")
	owner := a.person("corp", "OWNER")
	member, email := a.guest("corp", "OPERATOR")
	a.exec(`UPDATE switchboard.users SET email = replace(email, 'example.com', 'corp.example') WHERE id = $1`, member.user)
	email = strings.Replace(email, "example.com", "corp.example", 1)
	p := newIDP(t)
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
	p.subject, p.email, p.verified = "1", email, true
	if v.through(p, email); v.session() != email {
		t.Errorf("the sign-on itself lets in %q", v.session())
	}
	// What cannot be asked refuses.
	a.exec(`ALTER TABLE switchboard.sso_domains RENAME TO away`)
	if got := a.visitor().signIn(email, words); got.status != http.StatusServiceUnavailable {
		t.Errorf("without an answer: %d %s", got.status, got.body)
	}
	a.exec(`ALTER TABLE switchboard.away RENAME TO sso_domains`)
}

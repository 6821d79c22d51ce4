package oidc_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"github.com/switchboard-voice/switchboard/internal/provider/oidc"
)

// vendor is a provider that answers as a test wants.
type vendor struct {
	url       string
	challenge string // of the last authorization
	claims    map[string]any
	signer    crypto.PrivateKey
	info      map[string]any
	emails    string
	size      int
}

func newVendor(t *testing.T) *vendor {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{signer: key}
	public := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k", Algorithm: "RS256"}}}
	mux := http.NewServeMux()
	mux.Handle("/", public)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": v.url, "authorization_endpoint": v.url + "/auth", "token_endpoint": v.url + "/token", "jwks_uri": v.url + "/keys",
			"userinfo_endpoint": v.url + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256"}, "padding": strings.Repeat("x", v.size),
		})
	})
	mux.HandleFunc("/token", v.token)
	mux.HandleFunc("/login/oauth/access_token", v.token)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v.info)
	})
	mux.HandleFunc("/api/v3/user", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_ = json.NewEncoder(w).Encode(v.info)
	})
	mux.HandleFunc("/api/v3/user/emails", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(v.emails)) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	v.url = server.URL
	public.SetIssuer(server.URL)
	return v
}

func (v *vendor) token(w http.ResponseWriter, r *http.Request) {
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if r.FormValue("code") != "right" || base64.RawURLEncoding.EncodeToString(sum[:]) != v.challenge || r.FormValue("redirect_uri") != redirect {
		http.Error(w, `{"error":"invalid_grant","error_description":"code SECRETCODE"}`, http.StatusBadRequest)
		return
	}
	body, _ := json.Marshal(v.claims)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": "access", "token_type": "Bearer", "id_token": oidctest.SignIDToken(v.signer, "k", "RS256", string(body)),
	})
}

const redirect = "https://app.example.com/api/auth/callback/google"

func (v *vendor) provider() *oidc.Provider {
	return oidc.New(oidc.Config{Issuer: v.url, ClientID: "client", ClientSecret: "secret", RedirectURL: redirect})
}

func (v *vendor) good(checks oidc.Checks) map[string]any {
	return map[string]any{
		"iss": v.url, "aud": "client", "sub": "ada-at-vendor", "nonce": checks.Nonce, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"email": "ada@example.com", "email_verified": true, "name": "Ada", "picture": "https://img.example.com/a.png",
	}
}

// begin goes as far as the vendor's page.
func (v *vendor) begin(t *testing.T, p *oidc.Provider) oidc.Checks {
	t.Helper()
	checks := oidc.NewChecks()
	address, err := p.Begin(t.Context(), checks)
	if err != nil {
		t.Fatal(err)
	}
	v.asked(t, address, checks)
	return checks
}

func (v *vendor) asked(t *testing.T, address string, checks oidc.Checks) {
	t.Helper()
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := to.Query()
	if q.Get("state") != checks.State || q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != redirect || strings.Contains(address, checks.Verifier) {
		t.Errorf("asked at %s", address)
	}
	v.challenge = q.Get("code_challenge")
}

func TestACodeBecomesTheProfileThatTheVendorSigned(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider()
	checks := v.begin(t, p)
	v.claims = v.good(checks)
	got, err := p.Finish(t.Context(), "right", checks)
	want := oidc.Profile{Issuer: v.url, Subject: "ada-at-vendor", Email: "ada@example.com", EmailVerified: true, Name: "Ada", Picture: "https://img.example.com/a.png"}
	if err != nil || got != want {
		t.Errorf("Finish = %+v, %v", got, err)
	}
}

func TestAnAnswerThatIsNotForUsIsRefused(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider()
	checks := v.begin(t, p)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	key := v.signer
	for name, change := range map[string]func(map[string]any){
		"another nonce":    func(c map[string]any) { c["nonce"] = "x" },
		"no nonce":         func(c map[string]any) { delete(c, "nonce") },
		"another client":   func(c map[string]any) { c["aud"] = "x" },
		"another issuer":   func(c map[string]any) { c["iss"] = "https://evil.example" },
		"expired":          func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() },
		"another signer":   func(map[string]any) { v.signer = other },
		"unreadable email": func(c map[string]any) { c["email"] = 7 },
	} {
		v.signer, v.claims = key, maps.Clone(v.good(checks))
		change(v.claims)
		if got, err := p.Finish(t.Context(), "right", checks); !errors.Is(err, oidc.ErrAnswer) || got != (oidc.Profile{}) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	v.signer, v.claims = key, v.good(checks)
	if _, err := p.Finish(t.Context(), "wrong", checks); !errors.Is(err, oidc.ErrAnswer) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("wrong code: %v", err)
	}
	if _, err := p.Finish(t.Context(), "right", oidc.NewChecks()); !errors.Is(err, oidc.ErrAnswer) {
		t.Errorf("another verifier: %v", err)
	}
}

func TestOnlyAPlainYesVerifiesAnAddress(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider()
	checks := v.begin(t, p)
	for _, c := range []struct {
		said any
		want bool
	}{{true, true}, {"true", true}, {false, false}, {"yes", false}, {1, false}, {nil, false}} {
		v.claims = v.good(checks)
		v.claims["email_verified"] = c.said
		if got, err := p.Finish(t.Context(), "right", checks); err != nil || got.EmailVerified != c.want {
			t.Errorf("%v: %v, %v", c.said, got.EmailVerified, err)
		}
	}
}

func TestAnAddressThatTheTokenLeavesOutIsAskedFor(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	p := v.provider()
	checks := v.begin(t, p)
	v.claims = v.good(checks)
	delete(v.claims, "email")
	v.info = map[string]any{"sub": "ada-at-vendor", "email": "ada@example.com", "email_verified": false}
	if got, err := p.Finish(t.Context(), "right", checks); err != nil || got.Email != "ada@example.com" || got.EmailVerified {
		t.Errorf("Finish = %+v, %v", got, err)
	}
	v.info["sub"] = "eve"
	if _, err := p.Finish(t.Context(), "right", checks); !errors.Is(err, oidc.ErrAnswer) {
		t.Errorf("somebody else's profile: %v", err)
	}
}

func TestAVendorThatIsGoneOrTalksTooMuchIsAnError(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	v.size = 2 << 20
	if _, err := v.provider().Begin(t.Context(), oidc.NewChecks()); err == nil {
		t.Error("two megabytes of discovery were read")
	}
	gone := oidc.New(oidc.Config{Issuer: "http://127.0.0.1:1", ClientID: "c"})
	if _, err := gone.Begin(t.Context(), oidc.NewChecks()); err == nil {
		t.Error("nobody answered")
	}
}

func TestAVendorsPageIsNotWrittenIntoTheLog(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, strings.Repeat("no such thing\n", 10_000), http.StatusNotFound)
	}))
	t.Cleanup(page.Close)
	_, err := oidc.New(oidc.Config{Issuer: page.URL, ClientID: "c", RedirectURL: "https://app.example.com"}).Begin(t.Context(), oidc.NewChecks())
	if err == nil || len(err.Error()) > 500 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func TestGitHubsVerifiedPrimaryAddressIsTakenAndNoOther(t *testing.T) {
	t.Parallel()
	v := newVendor(t)
	g := oidc.NewGitHub(oidc.GitHubConfig{ClientID: "client", ClientSecret: "secret", RedirectURL: redirect, BaseURL: v.url})
	for emails, want := range map[string]string{
		`[{"email":"old@example.com","verified":true},{"email":"ada@example.com","primary":true,"verified":true}]`:  "ada@example.com",
		`[{"email":"ada@example.com","primary":true,"verified":false},{"email":"old@example.com","verified":true}]`: "",
		`[]`: "",
	} {
		checks := oidc.NewChecks()
		address, err := g.Begin(t.Context(), checks)
		if err != nil {
			t.Fatal(err)
		}
		v.asked(t, address, checks)
		v.emails, v.info = emails, map[string]any{"id": 42, "login": "ada", "email": "public@example.com", "avatar_url": "https://img.example.com/a.png"}
		got, err := g.Finish(t.Context(), "right", checks)
		if err != nil || got.Subject != "42" || got.Name != "ada" || got.Email != want || got.EmailVerified != (want != "") {
			t.Errorf("%s: %+v, %v", emails, got, err)
		}
	}
	checks := oidc.NewChecks()
	v.info = map[string]any{"message": "Bad credentials"}
	address, _ := g.Begin(t.Context(), checks)
	v.asked(t, address, checks)
	if _, err := g.Finish(t.Context(), "right", checks); !errors.Is(err, oidc.ErrAnswer) {
		t.Errorf("nobody: %v", err)
	}
}

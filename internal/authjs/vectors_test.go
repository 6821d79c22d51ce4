package authjs_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/authjs"
)

// secret is the vectors'.
const secret = "test-secret-do-not-use-in-production-0123456789"

// issued is a moment when every token of the vectors is fresh, but for the expired one.
var issued = time.Unix(1795422800, 0)

// vector is something that a real next-auth or Auth.js wrote.
type vector struct {
	ID         string
	Secret     string
	CookieName string `json:"cookie_name"`
	Token      string
	Chunks     []struct{ Name, Value string }
	Claims     *struct {
		Sub, Name, Email, Picture, Jti string
		Iat, Exp                       int64
	}
	Expect         string
	CookieValue    string `json:"cookie_value"`
	CookieValueRaw string `json:"cookie_value_raw"`
	CSRFToken      string `json:"csrf_token"`
	TokenInLink    string `json:"token_in_link"`
	StoredToken    string `json:"stored_token"`
}

func vectors(t testing.TB) map[string]vector {
	t.Helper()
	b, err := os.ReadFile("testdata/authjs_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	byID := map[string]vector{}
	for _, v := range file.Vectors {
		if v.Secret != secret {
			t.Fatalf("%s has a secret of its own", v.ID)
		}
		byID[v.ID] = v
	}
	if len(byID) != 10 {
		t.Fatalf("%d vectors, want 10", len(byID))
	}
	return byID
}

func (v vector) cookies() []*http.Cookie {
	if len(v.Chunks) == 0 {
		return []*http.Cookie{{Name: v.CookieName, Value: v.Token}}
	}
	var list []*http.Cookie
	for _, c := range v.Chunks {
		list = append(list, &http.Cookie{Name: c.Name, Value: c.Value})
	}
	return list
}

func (v vector) want() authjs.Claims {
	c := v.Claims
	return authjs.Claims{
		Subject: c.Sub, Name: c.Name, Email: c.Email, Picture: c.Picture, ID: c.Jti,
		IssuedAt: time.Unix(c.Iat, 0), ExpiresAt: time.Unix(c.Exp, 0),
	}
}

func newKeys(t testing.TB, secrets ...string) *authjs.Keys {
	t.Helper()
	keys, err := authjs.NewKeys(secrets)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// same compares what == would, but for time zones.
func same(a, b authjs.Claims) bool {
	times := a.IssuedAt.Equal(b.IssuedAt) && a.ExpiresAt.Equal(b.ExpiresAt)
	verified := (a.EmailVerified == nil) == (b.EmailVerified == nil) && (a.EmailVerified == nil || *a.EmailVerified == *b.EmailVerified)
	a.IssuedAt, a.ExpiresAt, a.EmailVerified = b.IssuedAt, b.ExpiresAt, b.EmailVerified
	return times && verified && a == b
}

func wantInvalid(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, authjs.ErrInvalid) {
		t.Errorf("err = %v, want ErrInvalid", err)
	}
}

func TestEverySessionOfAuthJSOpensFromItsCookiesAndAsABearer(t *testing.T) {
	t.Parallel()
	keys, opened := newKeys(t, secret), 0
	for id, v := range vectors(t) {
		if v.Claims == nil {
			continue
		}
		opened++
		claims, found, err := keys.FromCookies(v.cookies(), issued)
		if err != nil || !found || !same(claims, v.want()) {
			t.Errorf("%s: FromCookies = %+v, %v, %v", id, claims, found, err)
		}
		if claims, err = keys.FromBearer(v.Token, issued); err != nil || !same(claims, v.want()) {
			t.Errorf("%s: FromBearer = %+v, %v", id, claims, err)
		}
	}
	if opened != 6 {
		t.Errorf("%d sessions, want 6", opened)
	}
}

func TestTheExpiredSessionIsRefusedForThatReason(t *testing.T) {
	t.Parallel()
	v := vectors(t)["neg-v5-expired"]
	keys := newKeys(t, secret)
	_, found, err := keys.FromCookies(v.cookies(), issued)
	wantInvalid(t, err)
	if !found || err == nil || err.Error() != "not a valid session token: it has expired" {
		t.Errorf("FromCookies = %v, %v", found, err)
	}
}

func TestCSRFCookiesOfBothVersionsGiveTheirToken(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, secret)
	for _, id := range []string{"v4-csrf", "v5-csrf"} {
		v := vectors(t)[id]
		cookie := v.CookieValue + v.CookieValueRaw // as a server or the wire has it
		if token, ok := keys.CSRFToken(cookie); !ok || token != v.CSRFToken {
			t.Errorf("%s: CSRFToken = %q, %v", id, token, ok)
		}
		for _, forged := range []string{"", v.CSRFToken, "|", cookie + "0", "0" + cookie[1:], cookie[:len(cookie)-1] + "g"} {
			if token, ok := keys.CSRFToken(forged); ok && forged != cookie {
				t.Errorf("%s: CSRFToken(%q) = %q", id, forged, token)
			}
		}
		if _, ok := newKeys(t, other).CSRFToken(cookie); ok {
			t.Errorf("%s: a cookie of another secret was taken", id)
		}
	}
}

func TestTheHashOfALinkIsTheOneInTheDatabase(t *testing.T) {
	t.Parallel()
	v := vectors(t)["email-token-hash"]
	if got := newKeys(t, secret).Hash(v.TokenInLink); got != v.StoredToken {
		t.Errorf("Hash = %s, want %s", got, v.StoredToken)
	}
}

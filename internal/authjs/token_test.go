package authjs_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/switchboard-voice/switchboard/internal/authjs"
)

func TestATokenOfOursOpensWhereItWasMintedFor(t *testing.T) {
	t.Parallel()
	keys, no := newKeys(t, secret), false
	want := authjs.Claims{
		Subject: "ada", Name: "Ada Lovelace", Email: "ada@example.com", Picture: "https://img.example.com/ada.png",
		ID: "jti", Session: "sid", IssuedAt: issued, ExpiresAt: issued.Add(time.Hour), EmailVerified: &no,
	}
	for cookie, neighbour := range map[string]string{
		authjs.SessionCookie: authjs.SecureSessionCookie, authjs.SecureSessionCookie: authjs.SessionCookie,
		authjs.NextAuthCookie: authjs.SessionCookie, authjs.SecureNextAuthCookie: authjs.SecureSessionCookie,
	} {
		token, err := keys.Mint(cookie, want)
		if err != nil {
			t.Fatal(err)
		}
		claims, found, err := keys.FromCookies([]*http.Cookie{{Name: cookie, Value: token}}, issued)
		if err != nil || !found || !same(claims, want) {
			t.Errorf("FromCookies = %+v, %v, %v", claims, found, err)
		}
		if claims, err = keys.FromBearer(url.QueryEscape(token), issued); err != nil || !same(claims, want) {
			t.Errorf("FromBearer = %+v, %v", claims, err)
		}
		_, found, err = keys.FromCookies([]*http.Cookie{{Name: neighbour, Value: token}}, issued)
		if wantInvalid(t, err); !found {
			t.Error("a token under the other salt was not even seen")
		}
	}
}

func TestNothingIsMintedThatWouldNotOpenAgain(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, secret)
	ok := authjs.Claims{Subject: "ada", ExpiresAt: issued}
	for name, mint := range map[string]struct {
		cookie string
		claims authjs.Claims
	}{
		"a cookie of no version": {"session", ok},
		"nobody":                 {authjs.SessionCookie, authjs.Claims{ExpiresAt: issued}},
		"for ever":               {authjs.SessionCookie, authjs.Claims{Subject: "ada"}},
		"too long":               {authjs.SessionCookie, authjs.Claims{Subject: "ada", ExpiresAt: issued, Name: strings.Repeat("a", 16<<10)}},
	} {
		if token, err := keys.Mint(mint.cookie, mint.claims); err == nil {
			t.Errorf("%s: minted %s", name, token)
		}
	}
}

func TestRotationOpensWhatTheOldSecretWroteAndWritesWithTheNew(t *testing.T) {
	t.Parallel()
	before, between, after := newKeys(t, secret), newKeys(t, other, secret), newKeys(t, other)
	claims := authjs.Claims{Subject: "ada", ExpiresAt: issued.Add(time.Hour)}
	old, err := before.Mint(authjs.SessionCookie, claims)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := between.Mint(authjs.SessionCookie, claims)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{old, v4(good()).token(t), v5(good()).token(t)} {
		if _, err := between.FromBearer(token, issued); err != nil {
			t.Errorf("during the rotation: %v", err)
		}
		_, err := after.FromBearer(token, issued)
		wantInvalid(t, err)
	}
	if _, err := after.FromBearer(fresh, issued); err != nil {
		t.Errorf("after the rotation: %v", err)
	}
	_, err = before.FromBearer(fresh, issued)
	wantInvalid(t, err)
}

func TestASecretThatCouldBeGuessedIsRefusedAndNotShown(t *testing.T) {
	t.Parallel()
	short := "hunter2hunter2hunter2hunter2hunt" // just long enough; short[1:] is not
	for name, secrets := range map[string][]string{
		"none": nil, "empty": {""}, "short": {short[1:]}, "short second": {secret, short[1:]},
		"many": {secret, secret, secret, secret, secret, secret, secret, secret, secret},
	} {
		_, err := authjs.NewKeys(secrets)
		if err == nil || !strings.Contains(err.Error(), "AUTH_SECRET") || strings.Contains(err.Error(), "unter2") {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	if _, err := authjs.NewKeys([]string{short}); err != nil {
		t.Errorf("32 bytes: %v", err)
	}
}

func TestWhatIsNoSessionIsInvalid(t *testing.T) {
	t.Parallel()
	minted, err := newKeys(t, secret).Mint(authjs.SessionCookie, authjs.Claims{Subject: "ada", ExpiresAt: issued.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	state := func(m made, salt, info string) string {
		m.salt, m.info = salt, info
		return m.token(t)
	}
	encrypted := func(m made, e jose.ContentEncryption) string { m.encryption = e; return m.token(t) }
	kid := func(m made) string { m.kid = "stranger"; return m.token(t) }
	for name, token := range map[string]string{
		"empty": "", "dots": "....", "a sentence": "let me in", "a bad escape": minted + "%", "a long one": strings.Repeat("a", 16<<10+1),
		"a cut one": minted[:len(minted)-1], "a JSON form": `{"protected":""}`,
		"v4 without exp": v4(with("exp", nil)).token(t), "v5 without exp": v5(with("exp", nil)).token(t),
		"without sub": v5(with("sub", nil)).token(t), "sub is a number": v5(with("sub", 7)).token(t), "Sub for sub": v4(map[string]any{"Sub": "ada", "exp": issued.Add(time.Hour).Unix()}).token(t),
		"expired":               v5(with("exp", issued.Add(-16*time.Second).Unix())).token(t),
		"issued in the future":  v4(with("iat", issued.Add(16*time.Second).Unix())).token(t),
		"not yet":               v4(with("nbf", issued.Add(16*time.Second).Unix())).token(t),
		"v4 state cookie":       state(v4(good()), "next-auth.state", v4Info+" (next-auth.state)"),
		"v5 state cookie":       state(v5(good()), "authjs.state", "Auth.js Generated Encryption Key (authjs.state)"),
		"v5 in GCM":             encrypted(v5(good()), jose.A256GCM),
		"v4 in CBC":             encrypted(v4(good()), jose.A256CBC_HS512),
		"v4 in a short GCM":     encrypted(v4(good()), jose.A128GCM),
		"v5 with a strange kid": kid(v5(good())), "v4 with a kid": kid(v4(good())),
	} {
		if _, err := newKeys(t, secret).FromBearer(token, issued); err == nil {
			t.Errorf("%s was taken", name)
		} else if wantInvalid(t, err); strings.Contains(err.Error(), "eyJ") {
			t.Errorf("%s is shown: %v", name, err)
		}
	}
}

func TestClocksMayDifferByFifteenSeconds(t *testing.T) {
	t.Parallel()
	for _, claims := range []map[string]any{
		with("exp", issued.Add(-15*time.Second).Unix()), with("iat", issued.Add(15*time.Second).Unix()),
	} {
		if _, err := newKeys(t, secret).FromBearer(v5(claims).token(t), issued); err != nil {
			t.Errorf("%v: %v", claims, err)
		}
	}
}

func TestAnAddressIsVerifiedOnlyWhenTheProviderSaidSo(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for _, c := range []struct {
		said any
		want *bool
	}{{nil, nil}, {true, &yes}, {"true", &yes}, {false, &no}, {"false", &no}, {1, &no}, {[]string{"true"}, &no}} {
		claims, err := newKeys(t, secret).FromBearer(v4(with("email_verified", c.said)).token(t), issued)
		got := claims.EmailVerified
		if err != nil || (got == nil) != (c.want == nil) || (got != nil && *got != *c.want) {
			t.Errorf("%v: %v, %v", c.said, got, err)
		}
	}
}

func TestATokenThatDoesNotSayWhenItWasIssuedIsOlderThanAnyRevocation(t *testing.T) {
	t.Parallel()
	claims, err := newKeys(t, secret).FromBearer(v5(with("iat", nil)).token(t), issued)
	if err != nil || !claims.IssuedAt.IsZero() {
		t.Errorf("claims = %+v, %v", claims, err)
	}
}

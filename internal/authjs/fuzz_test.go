package authjs_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/authjs"
)

// Whatever comes in, it is a session that names somebody until some time, or ErrInvalid.
func wantSessionOrInvalid(t *testing.T, claims authjs.Claims, err error) {
	t.Helper()
	if err == nil && (claims.Subject == "" || claims.ExpiresAt.IsZero()) {
		t.Errorf("opened as %+v", claims)
	}
	if err != nil && (!errors.Is(err, authjs.ErrInvalid) || claims != (authjs.Claims{})) {
		t.Errorf("%+v, %v", claims, err)
	}
}

func FuzzFromBearer(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Token)
	}
	f.Add("%2e%2e%2e%2e")
	keys := newKeys(f, secret, other)
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := keys.FromBearer(token, issued)
		wantSessionOrInvalid(t, claims, err)
	})
}

func FuzzFromCookies(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.CookieName + "=" + v.Token)
		if len(v.Chunks) == 3 {
			c := v.Chunks
			f.Add(c[2].Name + "=" + c[2].Value + "; " + c[0].Name + "=" + c[0].Value + "; " + c[1].Name + "=" + c[1].Value)
		}
	}
	keys := newKeys(f, secret, other)
	f.Fuzz(func(t *testing.T, header string) {
		r := http.Request{Header: http.Header{"Cookie": {header}}}
		claims, found, err := keys.FromCookies(r.Cookies(), issued)
		if found {
			wantSessionOrInvalid(t, claims, err)
		} else if err != nil || claims != (authjs.Claims{}) {
			t.Errorf("nobody is %+v, %v", claims, err)
		}
	})
}

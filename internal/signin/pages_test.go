package signin

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/identity"
)

func TestTheStyleOfAPageIsTheOneThatItsPolicyLetsIn(t *testing.T) {
	t.Parallel()
	keys, err := authjs.NewKeys([]string{"a secret for tests, 32 bytes or more"})
	if err != nil {
		t.Fatal(err)
	}
	h := New(Deps{Keys: keys, Base: "https://api.example.com", Home: "https://app.example.com/"})
	for _, path := range []string{"/signin", "/signup", "/signout", "/verify-request", "/forgot-password", "/resend-verification", "/reset-password?token=x", "/verify-email?token=x", "/email-change?token=x", "/callback/email?token=x", "/error?error=Verification"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", Prefix+path, nil))
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindStringSubmatch(w.Body.String())
		if len(style) != 2 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		sum := sha256.Sum256([]byte(style[1]))
		if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
			t.Errorf("%s: a browser would not take this style: %s", path, policy)
		}
		if strings.Contains(w.Body.String(), "<script") || w.Header().Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
}

func TestAMailsLinkShowsAButtonAndHoldsTheToken(t *testing.T) {
	t.Parallel()
	link := Link("https://app.example.com", "https://app.example.com/")
	for letter, want := range map[string]string{
		"verify": "https://app.example.com/api/auth/verify-email?token=t%26t", "magic-link": "https://app.example.com/api/auth/callback/email?callbackUrl=%2Fx&token=t%26t",
		"reset": "https://app.example.com/api/auth/reset-password?token=t%26t", "email-change": "https://app.example.com/api/auth/email-change?token=t%26t",
	} {
		if got := link(identity.Letter(letter), "t&t", "/x"); got != want {
			t.Errorf("%s: %s", letter, got)
		}
	}
}

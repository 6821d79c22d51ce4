package test

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// noise is what a busy machine adds to an answer of a few milliseconds, and a network to any.
const noise = 3 * time.Millisecond

// sames are how often each question is put for an address that has an account, and for one that has none.
const sames = 10

// rounds are played until the fastest answers meet: what a busy machine adds goes away, what the code adds stays.
const rounds = 4

// TestNobodyLearnsFromWordsOrTimeWhoHasAnAccount asks the same of known and of unknown addresses, in turns. It
// compares the fastest answer of each: whatever else the machine does only makes answers slower.
func TestNobodyLearnsFromWordsOrTimeWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	a := start(t, "TRUSTED_PROXIES=127.0.0.1")
	var known, unknown []string
	for i := range sames {
		_, email := a.guest("ours", "VIEWER")
		known, unknown = append(known, email), append(unknown, fmt.Sprintf("nobody-%02d-of-a-similar-length@example.com", i))
	}
	v := a.visitor()
	token := v.csrf()
	for name, ask := range map[string]func(email, from string) seen{
		"a wrong password": func(email, from string) seen {
			form := url.Values{"email": {email}, "password": {"not the right words"}, "json": {"true"}, "csrfToken": {token}}
			return v.form("/api/auth/callback/credentials", form, "X-Forwarded-For", from)
		},
		"a link": func(email, from string) seen {
			return v.form("/api/auth/signin/email", url.Values{"email": {email}, "json": {"true"}, "csrfToken": {token}}, "X-Forwarded-For", from)
		},
		"forgot": func(email, from string) seen {
			return v.do("POST", "/api/auth/forgot-password", "application/json", `{"email":"`+email+`"}`, "X-Forwarded-For", from)
		},
		"resend": func(email, from string) seen {
			return v.do("POST", "/api/auth/resend-verification", "application/json", `{"email":"`+email+`"}`, "X-Forwarded-For", from)
		},
		"sign up": func(email, from string) seen {
			return v.do("POST", "/api/auth/signup", "application/json", `{"email":"`+email+`","password":"`+words+`"}`, "X-Forwarded-For", from)
		},
	} {
		fastest := [2]time.Duration{math.MaxInt64, math.MaxInt64}
		for round := range rounds {
			for i := range sames {
				var said [2]string
				for kind, email := range []string{known[i], unknown[i]} {
					var got seen
					from := fmt.Sprintf("203.0.%d.%d", 100+round, 1+2*i+kind) // each at an address of its own: none is slowed
					fastest[kind] = min(fastest[kind], took(func() { got = ask(email, from) }))
					said[kind] = fmt.Sprint(got.status, " ", neutral(got.body, email), " ", got.header.Get("Set-Cookie"))
				}
				if said[0] != said[1] {
					t.Fatalf("%s: known %s\nunknown %s", name, said[0], said[1])
				}
			}
			if alike(fastest) {
				break
			}
		}
		t.Logf("%s: known %s, unknown %s, ratio %.2f", name, fastest[0], fastest[1], float64(fastest[0])/float64(fastest[1]))
		if !alike(fastest) {
			t.Errorf("%s: known answers in %s, unknown in %s", name, fastest[0], fastest[1])
		}
	}
}

func alike(fastest [2]time.Duration) bool {
	ratio := float64(fastest[0]) / float64(fastest[1])
	return ratio < 1.5 && ratio > 1/1.5 || (fastest[0]-fastest[1]).Abs() < noise
}

// neutral leaves out what the question said, and ids, which are always new.
func neutral(body, email string) string {
	body = strings.ReplaceAll(body, email, "<email>")
	return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(body, "<id>")
}

package test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// sames are how often each question is put for an address that has an account, and for one that has none.
const sames = 10

// rounds are played until the fastest answers meet: what a busy machine adds goes away, what the code adds stays. It takes
// one; a machine with ten times as much to do took four.
const rounds = 15

// alike is how far the fastest answers may be apart, as a ratio. A password that is hashed for one of them only, or a mail
// that is sent, is a multiple of that.
const alike = 1.3

// question is something that strangers can ask about an address, and members about those of others.
type question struct {
	name string
	ask  func(email, from string) seen
}

// questions are all that an address can be named in.
func questions(a *app, v *visitor) []question {
	token := v.csrf()
	form := func(path string, fields url.Values, from string) seen {
		fields.Set("json", "true")
		fields.Set("csrfToken", token)
		return v.form(path, fields, "X-Forwarded-For", from)
	}
	script := func(path, body, from string) seen {
		return v.do("POST", path, "application/json", body, "X-Forwarded-For", from)
	}
	owner := a.person("others", "OWNER")
	operation := func(p *person, query string, v vars) seen {
		raw, _ := json.Marshal(vars{"query": query, "variables": v})
		response, text := a.post(string(raw), http.Header{"Authorization": {"Bearer " + p.token}})
		return seen{response.StatusCode, response.Header, text}
	}
	return []question{
		{"a wrong password", func(email, from string) seen {
			return form("/api/auth/callback/credentials", url.Values{"email": {email}, "password": {"not the right words"}}, from)
		}},
		{"a link", func(email, from string) seen {
			return form("/api/auth/signin/email", url.Values{"email": {email}}, from)
		}},
		{"forgot", func(email, from string) seen {
			return script("/api/auth/forgot-password", `{"email":"`+email+`"}`, from)
		}},
		{"resend", func(email, from string) seen {
			return script("/api/auth/resend-verification", `{"email":"`+email+`"}`, from)
		}},
		{"sign up", func(email, from string) seen {
			return script("/api/auth/signup", `{"email":"`+email+`","password":"`+words+`"}`, from)
		}},
		{"an invite", func(email, _ string) seen {
			return operation(owner, `mutation($in: MemberInviteInput!) { memberInvite(input: $in) { invite { email } userErrors { code } } }`, owner.invite(email, "VIEWER"))
		}},
		{"an invite to somebody else, or of nobody, accepted", func(email, _ string) seen {
			return operation(owner, `mutation($token: String!) { inviteAccept(token: $token) { membership { id } userErrors { code message } } }`, vars{"token": "invite of " + email})
		}},
		{"a new address", func(email, _ string) seen {
			return operation(owner, `mutation($in: EmailChangeInput!) { emailChange(input: $in) { userErrors { code message } } }`, vars{"in": vars{"email": email}})
		}},
	}
}

// TestNobodyLearnsFromWordsOrTimeWhoHasAnAccount asks the same of known and of unknown addresses, in turns. It
// compares the fastest answer of each: whatever else the machine does only makes answers slower. What is too little to be
// seen so is counted: the database is asked as often for both.
func TestNobodyLearnsFromWordsOrTimeWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	a := start(t, "TRUSTED_PROXIES=127.0.0.1")
	ours, _ := a.guest("ours", "OWNER")
	var known, unknown []string
	for i := range sames {
		_, email := a.guest("ours", "VIEWER")
		known, unknown = append(known, email), append(unknown, fmt.Sprintf("nobody-%02d-of-a-similar-length@example.com", i))
	}
	a.exec(`INSERT INTO switchboard.invites (id, organization_id, email, role, token_hash, expires_at, created_at)
		SELECT gen_random_uuid(), $1, email, 'VIEWER', sha256(convert_to('invite of ' || email, 'UTF8')), now() + interval '1 day', now() FROM unnest($2::text[]) AS email`,
		ours.organization.UUID, known)
	v := a.visitor()
	for _, q := range questions(a, v) {
		fastest, requests := [2]time.Duration{math.MaxInt64, math.MaxInt64}, [2][]string{}
		for round := range rounds {
			a.exec(`DELETE FROM switchboard.attempts`) // nobody is slowed
			for i := range sames {
				pair, said := [2]string{known[i], unknown[i]}, [2]string{}
				for turn := range pair {
					kind := (i + turn) % 2 // neither is always the second, for whom everything is warm
					from := fmt.Sprintf("203.0.%d.%d", 100+round, 1+2*i+kind)
					var got seen
					fastest[kind] = min(fastest[kind], took(func() { got = q.ask(pair[kind], from) }))
					requests[kind] = append(requests[kind], got.header.Get("X-Request-Id"))
					said[kind] = fmt.Sprint(got.status, " ", neutral(got.body, pair[kind]), " ", got.header.Get("Set-Cookie"))
				}
				if said[0] != said[1] || strings.HasPrefix(said[0], "429") {
					t.Fatalf("%s: known %s\nunknown %s", q.name, said[0], said[1])
				}
			}
			if apart(fastest) < alike {
				break
			}
		}
		if k, u := a.asked(requests[0]), a.asked(requests[1]); k[0] != u[0] && k[1] != u[1] {
			t.Errorf("%s: %v statements for known ones, %v for unknown ones", q.name, k, u)
		}
		t.Logf("%s: known %s, unknown %s, apart by %.2f", q.name, fastest[0], fastest[1], apart(fastest))
		if apart(fastest) >= alike {
			t.Errorf("%s: known answers in %s, unknown in %s", q.name, fastest[0], fastest[1])
		}
	}
}

// asked is how often at least and at most the database was asked for one of these requests. They differ by one where the
// queue is told of a job, which it is only now and then.
func (a *app) asked(requests []string) [2]int {
	a.t.Helper()
	var counts []int
	eventually(a.t, "the log of all requests", func() bool {
		counts = nil
		for line := range strings.Lines(a.output.String()) {
			var said struct {
				Msg, Request string
				SQL          int
			}
			if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "request" && slices.Contains(requests, said.Request) {
				counts = append(counts, said.SQL)
			}
		}
		return len(counts) == len(requests)
	})
	return [2]int{slices.Min(counts), slices.Max(counts)}
}

// apart is how many times as long the slower one takes.
func apart(fastest [2]time.Duration) float64 {
	return float64(max(fastest[0], fastest[1])) / float64(min(fastest[0], fastest[1]))
}

// neutral leaves out what the question said, and ids, which are always new.
func neutral(body, email string) string {
	body = strings.ReplaceAll(body, email, "<email>")
	return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(body, "<id>")
}

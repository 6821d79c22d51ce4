package test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestSignUpMakesAnAccountOnlyOnceTheAddressIsProven(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	b := w.browser("198.51.100.1")
	b.must("signup", vars{"email": " Ada@Example.com", "password": password, "name": "Ada"})
	token := b.token("ada@example.com", 0)

	if said := b.try("ada@example.com", password); b.cookie() != "" {
		t.Errorf("signed in before the address was proven: %s", said)
	}
	if n := w.rows("SELECT count(*) FROM switchboard.users") + w.rows("SELECT count(*) FROM switchboard.organizations"); n != 0 {
		t.Errorf("%d rows of an account that nobody proved", n)
	}
	if status, _ := b.send("GET", "/api/auth/verify-email?token="+token, "", nil); status != http.StatusOK {
		t.Errorf("the page of the link: %d", status)
	}
	if n := w.rows("SELECT count(*) FROM switchboard.users"); n != 0 {
		t.Error("looking at the page used the link")
	}
	b.must("verify-email", vars{"token": token})
	if status, text := b.post("verify-email", vars{"token": token}); status != http.StatusGone {
		t.Errorf("the link opened twice: %d %s", status, text)
	}
	p := b.signIn("ada@example.com", password)
	var out struct {
		Viewer struct {
			Memberships []struct {
				Role         string
				Organization struct{ Name, ViewerRole string }
			}
		}
	}
	p.must(`{ viewer { memberships { role organization { name viewerRole } } } }`, nil, &out)
	if m := out.Viewer.Memberships; len(m) != 1 || m[0].Role != "OWNER" || m[0].Organization.Name != "Ada's organization" {
		t.Errorf("memberships %+v", m)
	}
	p.logged("ORGANIZATION_CREATED", "SIGNED_IN")
}

func TestSignUpWithATakenAddressIsAnsweredAlikeAndTellsItsOwnerByMail(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	_, ada := w.newcomer("ada")
	b := w.browser("203.0.113.9")
	ids := regexp.MustCompile(`[0-9a-f-]{36}`)
	taken := b.must("signup", vars{"email": "ada@example.com", "password": "another lantern at sea"})
	free := b.must("signup", vars{"email": "eve@example.com", "password": "another lantern at sea"})
	if a, f := ids.ReplaceAllString(taken, ""), strings.ReplaceAll(ids.ReplaceAllString(free, ""), "eve@", "ada@"); a != f {
		t.Errorf("the answers differ:\n%s\n%s", a, f)
	}
	b.token("eve@example.com", 0)
	known := b.letter("ada@example.com", 1)
	if strings.Contains(known.Text, "token=") {
		t.Errorf("the owner got a link that changes something: %s", known.Text)
	}
	if said := b.try("ada@example.com", "another lantern at sea"); b.cookie() != "" || !ada.lives() {
		t.Errorf("the account was taken over: %s", said)
	}
	var said struct {
		Success bool
		Message string
		User    struct{ ID, Email string }
	}
	if err := json.Unmarshal([]byte(free), &said); err != nil || !said.Success || said.Message == "" || said.User.ID == "" || said.User.Email != "eve@example.com" {
		t.Errorf("the answer to a sign-up: %s", free)
	}
	for _, c := range []struct {
		path string
		body vars
		code string
	}{
		{"signup", vars{"email": "x@example.com"}, "MISSING_FIELDS"},
		{"signup", vars{"email": "nobody", "password": password}, "INVALID_EMAIL"},
		{"signup", vars{"email": "x@example.com", "password": "short"}, "WEAK_PASSWORD"},
		{"signup", vars{"email": "x@example.com", "password": "password1234"}, "WEAK_PASSWORD"},
		{"forgot-password", vars{"email": "nobody"}, "INVALID_EMAIL"},
		{"reset-password", vars{"token": "x", "password": "short"}, "WEAK_PASSWORD"},
		{"reset-password", vars{"token": "x", "password": password}, "EXPIRED"},
	} {
		var refused struct {
			Success     *bool
			Error, Code string
		}
		status, text := b.post(c.path, c.body)
		if err := json.Unmarshal([]byte(text), &refused); err != nil || status < 400 || refused.Success == nil || *refused.Success || refused.Error == "" || refused.Code != c.code {
			t.Errorf("%s %v: %d %s, want %s", c.path, c.body, status, text, c.code)
		}
	}
}

func TestAStrangersSignUpGivesThemNothingWhenTheOwnerOfTheAddressComes(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	thief := w.browser("203.0.113.9")
	thief.must("signup", vars{"email": "ada@example.com", "password": "the thief knows this one"})
	thief.token("ada@example.com", 0)
	b := w.browser("198.51.100.1")
	b.must("signup", vars{"email": "ada@example.com", "password": password})
	b.must("verify-email", vars{"token": b.token("ada@example.com", 1)})
	b.signIn("ada@example.com", password)
	if said := thief.try("ada@example.com", "the thief knows this one"); thief.cookie() != "" {
		t.Errorf("the thief is in: %s", said)
	}
	if n := w.rows("SELECT count(*) FROM switchboard.signups"); n != 0 {
		t.Errorf("%d sign-ups are left under a proven address", n)
	}
}

func TestALostVerificationIsSentAgainToWhoBeganAndToNobodyElse(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	b := w.browser("198.51.100.1")
	b.must("signup", vars{"email": "ada@example.com", "password": password})
	b.token("ada@example.com", 0)
	v := w.visitor() // as our own page asks, which sign-in leads to
	if page := v.get("/api/auth/signin?error=EmailNotVerified"); !strings.Contains(page.body, `href="/api/auth/resend-verification"`) {
		t.Errorf("sign-in does not lead to a new link: %.500s", page.body)
	}
	if got := v.form("/api/auth/resend-verification", url.Values{"email": {"ada@example.com"}}); got.status != http.StatusOK || !strings.Contains(got.body, "Look into your mail") {
		t.Errorf("asking by a form: %d %.300s", got.status, got.body)
	}
	b.must("resend-verification", vars{"email": "nobody@example.com"})
	b.must("verify-email", vars{"token": b.token("ada@example.com", 1)})
	b.signIn("ada@example.com", password)
	w.settled("identity.letter")
	if n := len(w.mail.Messages("nobody@example.com")); n != 0 {
		t.Errorf("%d mails to somebody who never came", n)
	}
}

// settled waits until no job of a kind is waiting or running.
func (a *app) settled(kind string) {
	a.t.Helper()
	eventually(a.t, "the jobs "+kind+" to end", func() bool {
		return a.rows(`SELECT count(*) FROM river.river_job WHERE kind = $1 AND state NOT IN ('completed', 'cancelled', 'discarded')`, kind) == 0
	})
}

func TestForgottenPasswordIsReplacedByALinkThatOpensOnceAndEndsEverySession(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	b, p := w.newcomer("ada")
	mails := len(w.mail.Messages("ada@example.com"))
	stranger := w.browser("203.0.113.9")
	known, unknown := stranger.must("forgot-password", vars{"email": "ada@example.com"}), stranger.must("forgot-password", vars{"email": "nobody@example.com"})
	if known != unknown {
		t.Errorf("the answers differ: %s %s", known, unknown)
	}
	token := b.token("ada@example.com", mails)
	if status, _ := b.post("reset-password", vars{"token": token, "password": "12345678"}); status != http.StatusBadRequest {
		t.Errorf("a common password: %d", status)
	}
	if n := w.rows(`SELECT count(*) FROM switchboard.account_tokens WHERE purpose = 'RESET' AND expires_at BETWEEN created_at + interval '59 minutes' AND created_at + interval '61 minutes'`); n != 1 {
		t.Error("the link does not open for an hour")
	}
	closed := p.socket()
	const fresh = "violet umbrella in april"
	b.must("reset-password", vars{"token": token, "password": fresh})
	if status, _ := b.post("reset-password", vars{"token": token, "password": "and one more for the road"}); status != http.StatusGone {
		t.Errorf("the link opened twice: %d", status)
	}
	wantClosed(t, "the password was reset", closed)
	if p.lives() {
		t.Error("a session outlived the reset")
	}
	b.letter("ada@example.com", mails+1) // says that the password was changed
	old := w.browser("198.51.100.1")
	if old.try("ada@example.com", password); old.cookie() != "" {
		t.Error("the old password still opens")
	}
	w.browser("198.51.100.1").signIn("ada@example.com", fresh).logged("PASSWORD_RESET")
	w.exec(`UPDATE switchboard.account_tokens SET expires_at = now() - interval '1 second'`)
	stranger.must("forgot-password", vars{"email": "ada@example.com"})
	late := b.token("ada@example.com", mails+2)
	w.exec(`UPDATE switchboard.account_tokens SET expires_at = now() - interval '1 second'`)
	if status, _ := b.post("reset-password", vars{"token": late, "password": fresh}); status != http.StatusGone {
		t.Errorf("a link that ran out: %d", status)
	}
	w.settled("identity.letter")
	if n := len(w.mail.Messages("nobody@example.com")); n != 0 {
		t.Errorf("%d mails to nobody", n)
	}
}

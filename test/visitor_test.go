package test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	passwords "github.com/switchboard-voice/switchboard/internal/password"
)

// visitor is a browser without scripts: it keeps cookies and follows nothing by itself.
type visitor struct {
	t    *testing.T
	base string
	http *http.Client
}

func (p *process) visitor() *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return &visitor{t: p.t, base: p.url, http: &http.Client{
		Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// seen is an answer.
type seen struct {
	status int
	header http.Header
	body   string
}

func (s seen) url(t *testing.T) *url.URL {
	t.Helper()
	var said struct{ URL string }
	if err := json.Unmarshal([]byte(s.body), &said); err != nil {
		t.Fatalf("%d: %v: %.300s", s.status, err, s.body)
	}
	u, err := url.Parse(said.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (v *visitor) do(method, path, kind, body string, headers ...string) seen {
	v.t.Helper()
	r, err := http.NewRequest(method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := v.http.Do(r)
	if err != nil {
		v.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return seen{response.StatusCode, response.Header, string(text)}
}

func (v *visitor) get(path string) seen { v.t.Helper(); return v.do("GET", path, "", "") }

func (v *visitor) script(path, body string) seen {
	v.t.Helper()
	return v.do("POST", path, "application/json", body)
}

// form is what next-auth's client sends.
func (v *visitor) form(path string, fields url.Values, headers ...string) seen {
	v.t.Helper()
	if !fields.Has("csrfToken") {
		fields.Set("csrfToken", v.csrf())
	}
	return v.do("POST", path, "application/x-www-form-urlencoded", fields.Encode(), headers...)
}

func (v *visitor) csrf() string {
	v.t.Helper()
	var said struct{ CsrfToken string }
	if err := json.Unmarshal([]byte(v.get("/api/auth/csrf").body), &said); err != nil || said.CsrfToken == "" {
		v.t.Fatalf("no CSRF token: %v", err)
	}
	return said.CsrfToken
}

func (v *visitor) signIn(email, password string, more ...string) seen {
	v.t.Helper()
	fields := url.Values{"email": {email}, "password": {password}, "json": {"true"}}
	for i := 0; i+1 < len(more); i += 2 {
		fields.Set(more[i], more[i+1])
	}
	return v.form("/api/auth/callback/credentials", fields)
}

// session is the address of who is signed in; empty for nobody.
func (v *visitor) session() string {
	v.t.Helper()
	answer := v.get("/api/auth/session")
	var said struct{ User struct{ Email string } }
	if err := json.Unmarshal([]byte(answer.body), &said); err != nil || answer.status != 200 {
		v.t.Fatalf("session: %d %.300s", answer.status, answer.body)
	}
	return said.User.Email
}

// cookie is the value of the session's cookie.
func (v *visitor) cookie() string {
	at, _ := url.Parse(v.base)
	for _, c := range v.http.Jar.Cookies(at) {
		if strings.HasSuffix(c.Name, "next-auth.session-token") {
			return c.Value
		}
	}
	return ""
}

// words is a password that nobody chose before.
const words = "seven purple elephants"

// guest is a member with a password and a proven address.
func (a *app) guest(slug, role string) (p *person, email string) {
	a.t.Helper()
	p = a.person(slug, role)
	hash, err := passwords.New(passwords.Options{Floor: -1}).Hash(a.t.Context(), words)
	if err != nil {
		a.t.Fatal(err)
	}
	a.exec(`UPDATE switchboard.users SET password_hash = $2, email_verified_at = now() WHERE id = $1`, p.user, hash)
	a.scan(&email, `SELECT email FROM switchboard.users WHERE id = $1`, p.user)
	return p, email
}

func took(do func()) time.Duration {
	began := time.Now()
	do()
	return time.Since(began)
}

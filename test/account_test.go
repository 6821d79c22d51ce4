package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/mailbox"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// password is one that nobody has to guess.
const password = "orange lantern by the harbour"

// town is an app whose mail can be read.
type town struct {
	*app
	mail *mailbox.Server
}

func startTown(t *testing.T, settings ...string) *town {
	t.Helper()
	mail, err := mailbox.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mail.Close() })
	settings = append([]string{"SMTP_HOST=127.0.0.1", fmt.Sprintf("SMTP_PORT=%d", mail.Port()), "SMTP_FROM=no-reply@example.com", "TRUSTED_PROXIES=127.0.0.1"}, settings...)
	return &town{start(t, settings...), mail}
}

// browser is one of somebody's, at an address.
type browser struct {
	t       *testing.T
	town    *town
	server  string
	address string
	http    *http.Client
}

func (w *town) browser(address string) *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{t: w.t, town: w, server: w.url, address: address, http: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (b *browser) send(method, path, contentType string, body io.Reader) (int, string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(within(b.t), method, b.server+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", b.address)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := b.http.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text)
}

// post sends JSON to one of the plain routes.
func (b *browser) post(path string, body vars) (int, string) {
	b.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.send("POST", "/api/auth/"+path, "application/json", bytes.NewReader(raw))
}

// must is post that has to be taken.
func (b *browser) must(path string, body vars) string {
	b.t.Helper()
	status, text := b.post(path, body)
	if status != http.StatusOK {
		b.t.Fatalf("%s: %d %s", path, status, text)
	}
	return text
}

// token is what the link of a mail carries; before is how many the address had before it.
func (b *browser) token(to string, before int) string {
	b.t.Helper()
	m := b.letter(to, before)
	for _, link := range m.Links {
		if u, err := url.Parse(link); err == nil && u.Query().Get("token") != "" {
			return u.Query().Get("token")
		}
	}
	b.t.Fatalf("no link with a token in %q", m.Text)
	return ""
}

func (b *browser) letter(to string, before int) (m mailbox.Message) {
	b.t.Helper()
	eventually(b.t, "a mail to "+to, func() bool {
		all := b.town.mail.Messages(to) // the newest first
		if len(all) > before {
			m = all[len(all)-1-before]
		}
		return len(all) > before
	})
	return m
}

// try signs in by password and says where the answer sends the browser.
func (b *browser) try(email, secret string) string {
	b.t.Helper()
	_, text := b.send("GET", "/api/auth/csrf", "", nil)
	var csrf struct{ CSRFToken string }
	if err := json.Unmarshal([]byte(text), &csrf); err != nil {
		b.t.Fatalf("csrf: %s", text)
	}
	form := url.Values{"csrfToken": {csrf.CSRFToken}, "email": {email}, "password": {secret}, "json": {"true"}, "callbackUrl": {"/"}}
	status, text := b.send("POST", "/api/auth/callback/credentials", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	return fmt.Sprint(status, " ", text)
}

// cookie is the session's, empty without one.
func (b *browser) cookie() string {
	address, _ := url.Parse(b.server)
	for _, c := range b.http.Jar.Cookies(address) {
		if strings.HasSuffix(c.Name, "session-token") {
			return c.Value
		}
	}
	return ""
}

// signIn has to open a session, and gives who that is.
func (b *browser) signIn(email, secret string) *person {
	b.t.Helper()
	if said := b.try(email, secret); b.cookie() == "" {
		b.t.Fatalf("no session for %s: %s", email, said)
	}
	return b.person()
}

// person is who is signed in, by the cookie's token.
func (b *browser) person() *person {
	b.t.Helper()
	p := &person{t: b.t, app: b.town.app, token: b.cookie()}
	p.Client = client.New(client.Config{Server: b.server, Token: p.token})
	var out struct {
		Viewer struct {
			User         struct{ ID ids.ID }
			Organization *struct {
				ID   ids.ID
				Slug string
			}
		}
	}
	p.must(`{ viewer { user { id } organization { id slug } } }`, nil, &out)
	p.user = out.Viewer.User.ID.UUID
	if o := out.Viewer.Organization; o != nil {
		p.organization, p.slug = o.ID, o.Slug
	}
	return p
}

// newcomer signs up, proves the address and signs in.
func (w *town) newcomer(name string, more ...vars) (*browser, *person) {
	w.t.Helper()
	b := w.browser("198.51.100." + fmt.Sprint(1+len(name)%250))
	email := name + "@example.com"
	in := vars{"email": email, "password": password, "name": name}
	for _, m := range more {
		for k, v := range m {
			in[k] = v
		}
	}
	b.must("signup", in)
	b.must("verify-email", vars{"token": b.token(email, 0)})
	return b, b.signIn(email, password)
}

// lives says whether a token opens a session.
func (p *person) lives() bool {
	p.t.Helper()
	var out struct {
		Viewer *struct{ User struct{ ID string } }
	}
	err := p.Do(within(p.t), `{ viewer { user { id } } }`, nil, &out)
	return err == nil && out.Viewer != nil
}

// mustMutate runs a mutation that has no userErrors.
func (p *person) mustMutate(query string, variables vars) string {
	p.t.Helper()
	id, problems := p.mutate(query, variables)
	if len(problems) != 0 {
		p.t.Fatalf("%.60s: %v", query, problems)
	}
	return id
}

// own is the id of a person's membership in their organization.
func (p *person) own() string {
	p.t.Helper()
	var id uuid.UUID
	p.app.scan(&id, `SELECT id FROM switchboard.memberships WHERE user_id = $1 AND organization_id = $2`, p.user, p.organization.UUID)
	return ids.Of(ids.Membership, id).String()
}

func (a *app) clientOf(token string) *client.Client {
	return client.New(client.Config{Server: a.url, Token: token})
}

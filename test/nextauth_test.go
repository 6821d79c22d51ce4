package test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/mailbox"
)

// These tests run the real next-auth and @auth/core, from the package registry, and the real React client in
// a browser. tools/test.sh sees to it that there is one.

// bench is the folder of the npm project.
const bench = "nextauth"

// installing keeps two tests from installing at the same time.
var installing struct {
	sync.Once
	err error
}

// node installs what package-lock.json names, unless it is there, and gives a command in that folder.
func node(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	installing.Do(func() { installing.err = install() })
	if installing.err != nil {
		t.Fatalf("installing the real next-auth: %v", installing.err)
	}
	cmd := exec.CommandContext(within(t), "node", args...)
	cmd.Dir = bench
	cmd.WaitDelay = time.Second
	return cmd
}

func install() error {
	want, err := os.ReadFile(filepath.Join(bench, "package-lock.json"))
	if err != nil {
		return err
	}
	stamp := filepath.Join(bench, "node_modules", ".installed")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == string(want) {
		return nil
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("there is no npm: install Node.js 20 or newer, with npm")
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = bench
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return os.WriteFile(stamp, want, 0o644)
}

// library speaks with the real functions of both versions.
type library struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func newLibrary(t *testing.T) *library {
	t.Helper()
	cmd := node(t, "tokens.mjs")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	l := &library{t: t, in: in, out: bufio.NewScanner(out)}
	l.out.Buffer(nil, 1<<20)
	return l
}

// ask gives what a function returns; nil for one that threw, or that returned nothing.
func (l *library) ask(what string, args map[string]any, into any) bool {
	l.t.Helper()
	args["what"] = what
	line, err := json.Marshal(args)
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(l.in, "%s\n", line); err != nil || !l.out.Scan() {
		l.t.Fatalf("%s: the library has gone: %v, %v", what, err, l.out.Err())
	}
	var answer struct {
		Result json.RawMessage
		Error  string
	}
	if err := json.Unmarshal(l.out.Bytes(), &answer); err != nil {
		l.t.Fatal(err)
	}
	if answer.Error != "" || len(answer.Result) == 0 || string(answer.Result) == "null" {
		return false
	}
	if err := json.Unmarshal(answer.Result, into); err != nil {
		l.t.Fatalf("%s: %v: %s", what, err, answer.Result)
	}
	return true
}

func TestTokensOfTheRealLibrariesOpenHereAndOursOpenThere(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	const secret, other = "a secret for tests, 32 bytes or more", "another secret, also 32 bytes or more"
	keys, err := authjs.NewKeys([]string{secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ version, cookie string }{
		{"v4", authjs.NextAuthCookie}, {"v4", authjs.SecureNextAuthCookie}, {"v5", authjs.SessionCookie}, {"v5", authjs.SecureSessionCookie},
	} {
		person := map[string]any{"sub": uuid.NewString(), "name": "Ada Lövelace", "email": "ada@example.com"}
		var token string
		if !l.ask(c.version+" encode", map[string]any{"secret": secret, "claims": person, "maxAge": 3600, "salt": c.cookie}, &token) {
			t.Fatalf("%s was not minted", c.cookie)
		}
		claims, found, err := keys.FromCookies([]*http.Cookie{{Name: c.cookie, Value: token}}, time.Now())
		if err != nil || !found || claims.Subject != person["sub"] || claims.Name != person["name"] || claims.Email != person["email"] {
			t.Errorf("theirs, %s: %+v, %v, %v", c.cookie, claims, found, err)
		}

		now := time.Now()
		ours, err := keys.Mint(c.cookie, authjs.Claims{Subject: "s", Session: "sid", Name: "Ada Lövelace", ID: "jti", IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		var opened struct{ Sub, Sid, Name string }
		if !l.ask(c.version+" decode", map[string]any{"secret": secret, "token": ours, "salt": c.cookie}, &opened) || opened.Sub != "s" || opened.Sid != "sid" || opened.Name != "Ada Lövelace" {
			t.Errorf("ours, %s: %+v", c.cookie, opened)
		}
		if l.ask(c.version+" decode", map[string]any{"secret": other, "token": ours, "salt": c.cookie}, &opened) {
			t.Errorf("ours, %s, opens with another secret", c.cookie)
		}
	}
}

func TestTheRealGetTokenReadsOurCookiesInChunks(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	const secret = "a secret for tests, 32 bytes or more"
	keys, err := authjs.NewKeys([]string{secret})
	if err != nil {
		t.Fatal(err)
	}
	jar := authjs.NewJar(keys, authjs.JarConfig{Secure: true})
	for _, name := range []string{"Ada", strings.Repeat("Ada ", 1800)} {
		token, err := keys.Mint(jar.SessionName(), authjs.Claims{Subject: "s", Name: name, ExpiresAt: time.Now().Add(time.Hour), IssuedAt: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		jar.SetSession(w, httptest.NewRequest(http.MethodGet, "/", nil), token, time.Now().Add(time.Hour))
		cookies := map[string]string{}
		for _, c := range w.Result().Cookies() {
			cookies[c.Name] = c.Value
		}
		var opened struct{ Sub, Name string }
		if !l.ask("v4 getToken", map[string]any{"secret": secret, "cookies": cookies, "cookieName": jar.SessionName()}, &opened) || opened.Name != name {
			t.Errorf("%d cookies were not read", len(cookies))
		}
	}
}

// site is an app's own host, which passes sign-in and GraphQL on, as Pages Functions do.
type site struct {
	url     string
	mail    *mailbox.Server
	mailURL string
	issuer  string
	app     *app
}

func newSite(t *testing.T, settings ...string) *site {
	t.Helper()
	s := &site{url: fmt.Sprintf("http://localhost:%d", freePort(t)), issuer: fmt.Sprintf("http://localhost:%d", freePort(t))}
	var err error
	if s.mail, err = mailbox.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.mail.Close() })
	letters := httptest.NewServer(s.mail)
	t.Cleanup(letters.Close)
	s.mailURL = letters.URL
	s.app = start(t, append([]string{
		"AUTH_URL=" + s.url, "NEXT_PUBLIC_APP_URL=" + s.url, "SMTP_HOST=" + s.mail.Host(), fmt.Sprintf("SMTP_PORT=%d", s.mail.Port()),
		"SMTP_FROM=Switchboard <no-reply@example.com>", "OIDC_ISSUER=" + s.issuer, "OIDC_CLIENT_ID=switchboard", "OIDC_CLIENT_SECRET=a secret of the walk",
		"GOOGLE_ISSUER=" + s.issuer, "GOOGLE_CLIENT_ID=switchboard", "GOOGLE_CLIENT_SECRET=a secret of the walk",
	}, settings...)...)
	s.serve(t)
	return s
}

func (s *site) serve(t *testing.T) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "page.js")
	if out, err := node(t, "build.mjs", script).CombinedOutput(); err != nil {
		t.Fatalf("building the page: %v\n%s", err, out)
	}
	to, err := url.Parse(s.app.url)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<!doctype html><meta charset="utf-8"><div id="app"></div><script src="/page.js"></script>`)
	})
	mux.HandleFunc("/page.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, script) })
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.SetXForwarded() }}
	mux.Handle("/api/auth/", through)
	mux.Handle("/graphql", through)
	at, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+at.Port())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(mux)
	server.Listener = listener
	server.Start()
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
}

// provide starts a certified OpenID provider.
func (s *site) provide(t *testing.T) {
	t.Helper()
	at, err := url.Parse(s.issuer)
	if err != nil {
		t.Fatal(err)
	}
	cmd := node(t, "provider.mjs", at.Port(), s.url+"/api/auth/callback/oidc,"+s.url+"/api/auth/callback/google")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return
		}
	}
	t.Fatal("the OpenID provider did not start")
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if found, err := exec.LookPath(name); name != "" && err == nil {
			return found
		}
	}
	t.Fatal("there is no Chromium for the browser tests: install the package chromium, or set CHROMIUM to the path of Chrome")
	return ""
}

func (s *site) walk(t *testing.T, name string) {
	t.Helper()
	config, err := json.Marshal(map[string]string{
		"chromium": chromium(t), "site": s.url, "mail": s.mailURL, "walk": name, "server": strings.Replace(s.app.url, "http", "ws", 1) + "/graphql",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	template := node(t, "walk.mjs", string(config))
	cmd := exec.CommandContext(ctx, template.Path, template.Args[1:]...)
	cmd.Dir, cmd.WaitDelay = template.Dir, time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTheUnmodifiedClientSignsInAtItsOwnOrigin(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.provide(t)
	s.walk(t, "sameOrigin")
}

// It walks with database sessions; what is not told apart by how a session is kept is in the walk before.
func TestLiveStatusReachesAPageOfAnotherSiteByATicket(t *testing.T) {
	t.Parallel()
	s := newSite(t, "SESSION_STRATEGY=database")
	s.app.provider.SetFaults(assemblyai.Faults{Delay: 2 * time.Second})
	s.walk(t, "anotherSite")
}

package signin

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"log/slog"
	"net/http"
)

//go:embed pages/pages.html
var pagesHTML string

//go:embed pages/page.css
var pageCSS string

// pages are for apps without pages of their own for this, and for links in mails. They need no script.
var pages = template.Must(template.New("pages").Parse(pagesHTML))

// page is what the templates show.
type page struct {
	Title   string
	Problem string
	Lines   []string

	Action, Button string
	Fields         []field
	Providers      []entry

	Base, CSRF, CallbackURL string
	Style                   template.CSS
}

type field struct{ Name, Value string }

// policy lets the one style in and nothing else. Where a form may lead is not bounded: it goes on to
// providers whose addresses are theirs to choose.
func policy() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'"
}

func (v *visit) show(name string, status int, p page) {
	p.CSRF, p.Base, p.Style = v.jar.CSRF(v.w, v.r), Prefix, template.CSS(pageCSS)
	header := v.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", v.policy)
	header.Set("Cache-Control", "private, no-store")
	// A page that may not say where a form comes from sends "null", which we refuse.
	header.Set("Referrer-Policy", "same-origin")
	v.w.WriteHeader(status)
	if err := pages.ExecuteTemplate(v.w, name, p); err != nil {
		slog.ErrorContext(v.r.Context(), "a page broke off", "page", name, "error", err)
	}
}

// problem is what people read for a code of next-auth's. Codes of others come from links that anybody may
// write, and are not repeated.
func problem(code string) string {
	switch code {
	case "":
		return ""
	case "CredentialsSignin":
		return "Address and password do not fit together, or the address is not confirmed yet."
	case "TooManyAttempts":
		return "There were too many attempts. Wait a while and try again."
	case "EmailSignin":
		return "This is no address that mail can be sent to."
	case "OAuthAccountNotLinked":
		return "The provider has not confirmed this address. Sign in the way you did before."
	case "NoSingleSignOn":
		return "There is no single sign-on for this address. Sign in another way."
	case "EmailNotVerified":
		return "Open the link in the mail that we sent you first, or ask for another one."
	case "SessionRequired":
		return "Sign in to see this page."
	case "Verification":
		return "This link does not work any more. It may have been used, or it is too old."
	case "AccessDenied":
		return "This account may not sign in this way. If your organization has a single sign-on, use that."
	}
	return "That did not work. Try it again, or in another way."
}

// signInPage lists the ways in.
func (v *visit) signInPage() {
	code := v.r.URL.Query().Get("error")
	if v.r.URL.Query().Get("csrf") != "" {
		code = "csrf"
	}
	if v.r.URL.Query().Get("callbackUrl") != "" {
		v.remember()
	}
	v.show("signin", http.StatusOK, page{Title: "Sign in", Problem: problem(code), Providers: v.ways, CallbackURL: v.callbackURL()})
}

func (v *visit) signOutPage() {
	v.show("confirm", http.StatusOK, page{Title: "Sign out", Lines: []string{"Do you want to sign out?"}, Action: Prefix + "/signout", Button: "Sign out", CallbackURL: v.callbackURL()})
}

func (v *visit) verifyRequestPage() {
	v.show("message", http.StatusOK, page{Title: "Look into your mail", Lines: []string{"If the address is right, a link is on its way."}})
}

// errorPage sends what can be tried again to the page where it is tried.
func (v *visit) errorPage() {
	switch code := v.r.URL.Query().Get("error"); code {
	case "AccessDenied", "Verification":
		v.show("message", http.StatusForbidden, page{Title: "That did not work", Problem: problem(code), Action: Prefix + "/signin", Button: "Sign in"})
	case "Configuration", "configuration":
		v.show("message", http.StatusInternalServerError, page{Title: "That did not work", Lines: []string{"There is a problem with the server's configuration."}})
	default:
		http.Redirect(v.w, v.r, v.at("/signin", "error", code), http.StatusFound)
	}
}

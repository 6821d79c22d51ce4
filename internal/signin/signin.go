// Package signin speaks Auth.js's own protocol below /api/auth, so that an unmodified next-auth client does
// not notice who answers, and adds what an app had beside it: sign-up, reset, the socket's ticket. It knows
// cookies, forms and pages; who may get in is decided by identity. SAML and a second factor are not offered.
package signin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/limit"
	"github.com/switchboard-voice/switchboard/internal/provider/oidc"
)

// Prefix is where all addresses of this package stand.
const Prefix = "/api/auth"

// Strategy is how a session is kept.
type Strategy string

const (
	// JWT keeps what is said of the user in the cookie, sealed; a row says whether it still opens anything.
	JWT Strategy = "jwt"
	// Database keeps all of it in the row.
	Database Strategy = "database"
)

// Flow is a way to a provider and back.
type Flow interface {
	Begin(ctx context.Context, checks oidc.Checks) (string, error)
	Finish(ctx context.Context, code string, checks oidc.Checks) (oidc.Profile, error)
}

// Provider is a service that knows people, as the operator configured it.
type Provider struct {
	ID, Name string
	Flow     Flow
}

// Deps is what the handler needs.
type Deps struct {
	People *identity.Service
	Keys   *authjs.Keys
	Jar    authjs.JarConfig
	// Base is the origin under which browsers see /api/auth: ours, or that of an app that passes it on.
	Base string
	// Home is where people go who said nothing else.
	Home string
	// Origins are the pages that may call with a cookie, and that a callback may lead to.
	Origins   []string
	Strategy  Strategy
	Providers []Provider
	// Connect makes the way to an organization's own provider; the address of its answer is given.
	Connect func(c identity.Connection, redirect string) Flow
	Pace    *limit.Keyed // by address, for what changes something; nil: none
	Now     func() time.Time
}

// Handler answers below Prefix.
type Handler struct {
	mux       *http.ServeMux
	people    *identity.Service
	keys      *authjs.Keys
	jar       *authjs.Jar
	base      string
	home      string
	origins   []string
	strategy  Strategy
	providers map[string]Provider
	ways      []entry
	connect   func(c identity.Connection, redirect string) Flow
	policy    string
	pace      *limit.Keyed
	now       func() time.Time
}

// New makes the handler.
func New(d Deps) *Handler {
	h := &Handler{
		mux: http.NewServeMux(), people: d.People, keys: d.Keys, jar: authjs.NewJar(d.Keys, d.Jar), base: d.Base, home: d.Home,
		origins: d.Origins, strategy: d.Strategy, providers: map[string]Provider{}, connect: d.Connect, policy: policy(), pace: d.Pace, now: d.Now,
	}
	for _, p := range d.Providers {
		h.providers[p.ID] = p
	}
	h.ways = h.entries(d.Providers)
	h.routes()
	return h
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// routes is every address. What changes something is a POST and guarded.
func (h *Handler) routes() {
	get := func(path string, next func(*visit)) {
		h.mux.HandleFunc("GET "+Prefix+path, func(w http.ResponseWriter, r *http.Request) { next(&visit{Handler: h, w: w, r: r}) })
	}
	post := func(path string, next http.HandlerFunc) { h.mux.HandleFunc("POST "+Prefix+path, next) }

	get("/providers", (*visit).listProviders)
	get("/csrf", (*visit).csrf)
	get("/session", (*visit).session)
	get("/signin", (*visit).signInPage)
	get("/signin/{provider}", (*visit).signInPage)
	get("/signout", (*visit).signOutPage)
	get("/verify-request", (*visit).verifyRequestPage)
	get("/error", (*visit).errorPage)
	get("/callback/{provider}", (*visit).answered)
	get("/verify-email", (*visit).verifyEmailPage)
	get("/email-change", (*visit).emailChangePage)
	get("/signup", (*visit).signUpPage)
	get("/resend-verification", (*visit).resendPage)
	get("/forgot-password", (*visit).forgotPage)
	get("/reset-password", (*visit).resetPage)

	post("/signin/{provider}", h.own("/signin", (*visit).begin))
	post("/callback/credentials", h.own("/signin", (*visit).password))
	post("/callback/email", h.own("/signin", (*visit).magicLink))
	post("/signout", h.own("/signout", (*visit).signOut))
	post("/session", h.guarded((*visit).updateSession))
	post("/_log", h.guarded(func(v *visit) { v.w.WriteHeader(http.StatusOK) })) // browsers' complaints are not believed

	post("/signup", h.either((*visit).signUp))
	post("/resend-verification", h.either((*visit).resend))
	post("/forgot-password", h.either((*visit).forgot))
	post("/reset-password", h.either((*visit).reset))
	post("/verify-email", h.either((*visit).verifyEmail))
	post("/email-change", h.either((*visit).changeEmail))
	post("/ws-ticket", h.script((*visit).ticket))
}

// Link is the address of a page for a letter of identity's. Each shows one button: a mail scanner that
// follows links burns nothing. An invite leads to a page of the app, which knows who is signed in.
func Link(base, home string) func(l identity.Letter, token, callback string) string {
	h := &Handler{base: base}
	return func(l identity.Letter, token, callback string) string {
		switch {
		case l == identity.LetterVerify && token == "":
			return h.at("/signup")
		case l == identity.LetterVerify:
			return h.at("/verify-email", "token", token)
		case l == identity.LetterMagicLink:
			return h.at("/callback/email", "token", token, "callbackUrl", callback)
		case l == identity.LetterEmailChange:
			return h.at("/email-change", "token", token)
		case l == identity.LetterInvite:
			return strings.TrimSuffix(home, "/") + "/invite?token=" + token
		case l == identity.LetterReset && token != "":
			return h.at("/reset-password", "token", token)
		case l == identity.LetterPasswordChanged:
			return h.at("/forgot-password")
		}
		return h.at("/signin")
	}
}

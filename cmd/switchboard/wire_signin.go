package main

import (
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/egress"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/mail"
	"github.com/switchboard-voice/switchboard/internal/password"
	"github.com/switchboard-voice/switchboard/internal/provider/oidc"
	"github.com/switchboard-voice/switchboard/internal/signin"
)

// openPeople makes the room of people. What is sealed opens as long as the secret that sealed it is configured.
func (a *app) openPeople(keys *authjs.Keys) error {
	passwords := password.New(password.Options{})
	seals, err := derive(a.config, "switchboard sign-on secrets")
	if err != nil {
		return err
	}
	a.people = identity.New(identity.Deps{
		Store: a.store, Jobs: a.queue, Keys: keys, Passwords: passwords, Hub: a.hub, SealKeys: seals, SessionAge: a.config.SessionMaxAge,
		UpdateAge: a.config.SessionUpdateAge, AuditFor: a.config.ActivityRetention, TrustEmail: a.config.TrustEmail, Now: time.Now,
	})
	a.people.Clean(a.queue)
	a.people.TellFailures(a.queue)
	return a.deliverMail()
}

// deliverMail lets the queue write to people.
func (a *app) deliverMail() error {
	c := a.config
	relay, err := openMail(c)
	if err != nil {
		return err
	}
	identity.NewPost(identity.PostDeps{
		Store: a.store, Send: relay, Pen: mail.Pen{App: c.AppName}, Link: signin.Link(c.SignInURL(), c.HomeURL()), Now: time.Now,
	}).Deliver(a.queue)
	return nil
}

func openMail(c config.Config) (mail.Sender, error) {
	if c.SMTPHost == "" {
		return mail.None{}, nil
	}
	return mail.NewSMTP(mail.Config{Host: c.SMTPHost, Port: c.SMTPPort, User: c.SMTPUser, Password: c.SMTPPass, From: c.SMTPFrom})
}

// signIn makes what answers below /api/auth.
func (a *app) signIn(keys *authjs.Keys) http.Handler {
	c := a.config
	out := &http.Client{Transport: egress.New(egress.Config{Allow: c.EgressAllow}).Transport()}
	return signin.New(signin.Deps{
		People: a.people, Keys: keys, Base: c.SignInURL(), Home: c.HomeURL(), Origins: c.Origins(), Strategy: signin.Strategy(c.SessionStrategy),
		Jar: authjs.JarConfig{
			Secure: c.SecureCookies(), Plain: c.CookiePlainNames, SameSite: sameSite(c.CookieSameSite), Partitioned: c.CookiePartitioned, Domain: c.CookieDomain,
		},
		Providers: providers(c), Pace: perSecond(c.SignInsPerAddress), Now: time.Now,
		Connect: func(s identity.Connection, redirect string) signin.Flow {
			return oidc.New(oidc.Config{Issuer: s.Issuer, ClientID: s.ClientID, ClientSecret: s.ClientSecret, RedirectURL: redirect, HTTP: out})
		},
	})
}

// providers are those that the operator has registered us with.
func providers(c config.Config) (list []signin.Provider) {
	back := func(id string) string { return c.SignInURL() + signin.Prefix + "/callback/" + id }
	if c.GoogleClientID != "" {
		list = append(list, signin.Provider{ID: "google", Name: "Google", Flow: oidc.New(oidc.Config{
			Issuer: c.GoogleIssuer, ClientID: c.GoogleClientID, ClientSecret: c.GoogleClientSecret, RedirectURL: back("google"),
		})})
	}
	if c.GitHubID != "" {
		list = append(list, signin.Provider{ID: "github", Name: "GitHub", Flow: oidc.NewGitHub(oidc.GitHubConfig{
			ClientID: c.GitHubID, ClientSecret: c.GitHubSecret, RedirectURL: back("github"), BaseURL: c.GitHubBaseURL,
		})})
	}
	if c.OIDCIssuer != "" {
		list = append(list, signin.Provider{ID: "oidc", Name: c.OIDCName, Flow: oidc.New(oidc.Config{
			Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, ClientSecret: c.OIDCClientSecret, RedirectURL: back("oidc"),
		})})
	}
	return list
}

func sameSite(s config.SameSite) http.SameSite {
	switch s {
	case config.SameSiteNone:
		return http.SameSiteNoneMode
	case config.SameSiteStrict:
		return http.SameSiteStrictMode
	}
	return http.SameSiteLaxMode
}

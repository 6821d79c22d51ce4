// Package oidc speaks the code flow of OAuth 2 with those who know people: any OpenID provider, and GitHub,
// which speaks OAuth only. Each flow has a state, a nonce and PKCE. It knows the vendors' words and none
// of ours: what a profile may open is decided elsewhere. A vendor's answers are bounded in size and time.
package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	// callTimeout is far above what a provider takes, and ends before the visitor gives up.
	callTimeout = 10 * time.Second
	// discoveryAge is how long a provider's addresses are believed: they change once in years, its keys
	// are read anew when one is unknown.
	discoveryAge = time.Hour
)

// Config says who the provider is and who we are to it.
type Config struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	RedirectURL  string
	HTTP         *http.Client // nil: one of our own
}

// Checks tie the answer to the question. They are kept in the browser that asked.
type Checks struct{ State, Nonce, Verifier string }

// NewChecks makes some that nobody guesses.
func NewChecks() Checks {
	return Checks{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier()}
}

// Profile is whom the provider knows.
type Profile struct {
	Issuer        string
	Subject       string // the provider's own name for the person, which never changes
	Email         string
	EmailVerified bool // the provider has seen that the address is theirs
	Name          string
	Picture       string
}

// Provider is one OpenID provider. It may be used by many goroutines at once.
type Provider struct {
	config Config
	http   *http.Client

	mu    sync.Mutex
	found *oidc.Provider
	read  time.Time
}

// New makes a provider; it is asked for its addresses when somebody first comes.
func New(c Config) *Provider { return &Provider{config: c, http: bounded(c.HTTP)} }

// ErrAnswer is an answer that does not belong to the question, or says nothing that can be trusted.
var ErrAnswer = errors.New("the identity provider's answer cannot be used")

// Begin is the address where the person says who they are. Error: the provider does not answer.
func (p *Provider) Begin(ctx context.Context, checks Checks) (string, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return p.oauth(found).AuthCodeURL(checks.State, oidc.Nonce(checks.Nonce), oauth2.S256ChallengeOption(checks.Verifier)), nil
}

// Finish turns the code of an answer into a profile. Errors: ErrAnswer, or the provider does not answer.
func (p *Provider) Finish(ctx context.Context, code string, checks Checks) (Profile, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return Profile{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.http), callTimeout)
	defer cancel()
	token, err := p.oauth(found).Exchange(ctx, code, oauth2.VerifierOption(checks.Verifier))
	if err != nil {
		return Profile{}, fmt.Errorf("exchanging the code: %w", told(err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return Profile{}, fmt.Errorf("%w: verifying the ID token: %w", ErrAnswer, err)
	}
	if checks.Nonce == "" || subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(checks.Nonce)) == 0 {
		return Profile{}, fmt.Errorf("%w: its nonce is not the one that was sent", ErrAnswer)
	}
	return p.profile(ctx, found, id, token)
}

// claims are what an ID token and the userinfo endpoint say of a person.
type claims struct {
	Email         string `json:"email"`
	EmailVerified any    `json:"email_verified"` // some send a string
	Name          string `json:"name"`
	Picture       string `json:"picture"`
}

// profile asks the userinfo endpoint where the ID token leaves the address out, as providers may.
func (p *Provider) profile(ctx context.Context, found *oidc.Provider, id *oidc.IDToken, token *oauth2.Token) (Profile, error) {
	var c claims
	if err := id.Claims(&c); err != nil {
		return Profile{}, fmt.Errorf("%w: its claims cannot be read", ErrAnswer)
	}
	if c.Email == "" && found.UserInfoEndpoint() != "" {
		info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return Profile{}, fmt.Errorf("asking for the profile: %w", told(err))
		}
		if info.Subject != id.Subject {
			return Profile{}, fmt.Errorf("%w: its profile is somebody else's", ErrAnswer)
		}
		if err := info.Claims(&c); err != nil {
			return Profile{}, fmt.Errorf("%w: its profile cannot be read", ErrAnswer)
		}
	}
	return Profile{
		Issuer: id.Issuer, Subject: id.Subject, Email: c.Email, Name: c.Name, Picture: c.Picture,
		EmailVerified: c.EmailVerified == true || c.EmailVerified == "true",
	}, nil
}

func (p *Provider) oauth(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, RedirectURL: p.config.RedirectURL,
		Endpoint: found.Endpoint(), Scopes: []string{oidc.ScopeOpenID, "email", "profile"},
	}
}

// discover reads the provider's addresses, once in a while. A failure is not remembered.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil && time.Since(p.read) < discoveryAge {
		return p.found, nil
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, p.http), callTimeout)
	defer cancel()
	found, err := oidc.NewProvider(ctx, p.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discovering the identity provider: %w", told(err))
	}
	p.found, p.read = found, time.Now()
	return found, nil
}

// maxTold is what of a provider's words goes into a log: it may answer with a page, or with more on purpose.
const maxTold = 300

// told drops what the provider wrote: it may repeat the code or a token. What is left is cut.
func told(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return fmt.Errorf("%w: it refused with status %d", ErrAnswer, refused.Response.StatusCode)
	}
	if text := err.Error(); len(text) > maxTold {
		return errors.New(strings.ToValidUTF8(text[:maxTold], ""))
	}
	return err
}

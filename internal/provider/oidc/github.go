package oidc

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/oauth2"
)

// GitHubConfig says who we are to GitHub.
type GitHubConfig struct {
	ClientID     string
	ClientSecret string
	RedirectURL  string
	BaseURL      string // empty: https://github.com; a server of one's own has another, with its API below it
	HTTP         *http.Client
}

// GitHub knows people by OAuth: there is no ID token, so that the profile is asked for with the access
// token, over a connection to GitHub itself.
type GitHub struct {
	oauth oauth2.Config
	base  string
	api   string
	http  *http.Client
}

// NewGitHub makes a provider.
func NewGitHub(c GitHubConfig) *GitHub {
	base, api := strings.TrimRight(c.BaseURL, "/"), "https://api.github.com"
	if base == "" {
		base = "https://github.com"
	} else {
		api = base + "/api/v3"
	}
	return &GitHub{
		base: base, api: api, http: bounded(c.HTTP),
		oauth: oauth2.Config{
			ClientID: c.ClientID, ClientSecret: c.ClientSecret, RedirectURL: c.RedirectURL, Scopes: []string{"read:user", "user:email"},
			Endpoint: oauth2.Endpoint{AuthURL: base + "/login/oauth/authorize", TokenURL: base + "/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams},
		},
	}
}

// Begin is the address where the person says who they are.
func (g *GitHub) Begin(_ context.Context, checks Checks) (string, error) {
	return g.oauth.AuthCodeURL(checks.State, oauth2.S256ChallengeOption(checks.Verifier)), nil
}

// Finish turns the code of an answer into a profile. Errors: ErrAnswer, or GitHub does not answer.
func (g *GitHub) Finish(ctx context.Context, code string, checks Checks) (Profile, error) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, oauth2.HTTPClient, g.http), callTimeout)
	defer cancel()
	token, err := g.oauth.Exchange(ctx, code, oauth2.VerifierOption(checks.Verifier))
	if err != nil {
		return Profile{}, fmt.Errorf("exchanging the code: %w", told(err))
	}
	var user struct {
		ID     int64  `json:"id"`
		Login  string `json:"login"`
		Name   string `json:"name"`
		Avatar string `json:"avatar_url"`
	}
	if err := g.get(ctx, token, "/user", &user); err != nil {
		return Profile{}, err
	}
	if user.ID == 0 {
		return Profile{}, fmt.Errorf("%w: it names nobody", ErrAnswer)
	}
	email, err := g.email(ctx, token)
	if err != nil {
		return Profile{}, err
	}
	return Profile{
		Issuer: g.base, Subject: strconv.FormatInt(user.ID, 10), Email: email, EmailVerified: email != "",
		Name: cmp.Or(user.Name, user.Login), Picture: user.Avatar,
	}, nil
}

// email is the person's first address, if GitHub has verified it. The one of the public profile is no use:
// anybody may write anything there.
func (g *GitHub) email(ctx context.Context, token *oauth2.Token) (string, error) {
	var list []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	if err := g.get(ctx, token, "/user/emails", &list); err != nil {
		return "", err
	}
	for _, e := range list {
		if e.Primary && e.Verified {
			return e.Email, nil
		}
	}
	return "", nil
}

func (g *GitHub) get(ctx context.Context, token *oauth2.Token, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, g.api+path, nil)
	if err != nil {
		return fmt.Errorf("asking github: %w", err)
	}
	request.Header.Set("Accept", "application/vnd.github+json")
	token.SetAuthHeader(request)
	response, err := g.http.Do(request)
	if err != nil {
		return fmt.Errorf("asking github: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%w: github answers %s with status %d", ErrAnswer, path, response.StatusCode)
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return fmt.Errorf("%w: github's %s cannot be read", ErrAnswer, path)
	}
	return nil
}

package config

import (
	"slices"
	"strings"
	"time"
)

// SignIn is how people get in and stay in.
type SignIn struct {
	AppName string `env:"APP_NAME" envDefault:"Switchboard"`

	AuthURL           string        `env:"AUTH_URL"`
	NextAuthURL       string        `env:"NEXTAUTH_URL"`
	SessionStrategy   Strategy      `env:"SESSION_STRATEGY" envDefault:"jwt"`
	SessionMaxAge     time.Duration `env:"SESSION_MAX_AGE" envDefault:"720h"`
	SessionUpdateAge  time.Duration `env:"SESSION_UPDATE_AGE" envDefault:"24h"`
	CookieSameSite    SameSite      `env:"AUTH_COOKIE_SAME_SITE" envDefault:"lax"`
	CookieDomain      string        `env:"AUTH_COOKIE_DOMAIN"`
	CookiePlainNames  bool          `env:"AUTH_COOKIE_PLAIN_NAMES"`
	CookiePartitioned bool          `env:"AUTH_COOKIE_PARTITIONED"`

	GoogleClientID     string `env:"GOOGLE_CLIENT_ID"`
	GoogleClientSecret string `env:"GOOGLE_CLIENT_SECRET"`
	GoogleIssuer       string `env:"GOOGLE_ISSUER" envDefault:"https://accounts.google.com"`
	GitHubID           string `env:"GITHUB_ID"`
	GitHubSecret       string `env:"GITHUB_SECRET"`
	GitHubBaseURL      string `env:"GITHUB_BASE_URL"`
	OIDCIssuer         string `env:"OIDC_ISSUER"`
	OIDCClientID       string `env:"OIDC_CLIENT_ID"`
	OIDCClientSecret   string `env:"OIDC_CLIENT_SECRET"`
	OIDCName           string `env:"OIDC_NAME" envDefault:"OpenID"`

	SMTPHost string `env:"SMTP_HOST"`
	SMTPPort int    `env:"SMTP_PORT" envDefault:"587"`
	SMTPUser string `env:"SMTP_USER"`
	SMTPPass string `env:"SMTP_PASS"`
	SMTPFrom string `env:"SMTP_FROM"`
}

// googleIssuer is who signs for Google.
const googleIssuer = "https://accounts.google.com"

// Strategy is how sessions are kept.
type Strategy string

const (
	StrategyJWT      Strategy = "jwt"
	StrategyDatabase Strategy = "database"
)

// SameSite says which pages' requests carry our cookies.
type SameSite string

const (
	SameSiteLax    SameSite = "lax"
	SameSiteStrict SameSite = "strict"
	SameSiteNone   SameSite = "none"
)

// SignInURL is the origin under which browsers see /api/auth: that of the app where it passes requests on, else
// our own.
func (c Config) SignInURL() string {
	for _, raw := range []string{c.AuthURL, c.NextAuthURL, c.PublicURL()} {
		if origin, ok := originOf(raw); ok {
			return origin
		}
	}
	return ""
}

// HomeURL is where people go who have signed in and said nothing else.
func (c Config) HomeURL() string {
	if len(c.AppURLs) > 0 {
		return strings.TrimRight(c.AppURLs[0], "/") + "/"
	}
	if c.GraphiQL {
		return c.SignInURL() + "/graphiql"
	}
	return c.SignInURL() + "/"
}

// SecureCookies says whether browsers see us by https.
func (c Config) SecureCookies() bool { return strings.HasPrefix(c.SignInURL(), "https://") }

// malformedSignIn finds what nothing could work with.
func (c Config) malformedSignIn(problems *Problems) {
	for name, raw := range map[string]string{
		"AUTH_URL": c.AuthURL, "NEXTAUTH_URL": c.NextAuthURL, "OIDC_ISSUER": c.OIDCIssuer, "GOOGLE_ISSUER": c.GoogleIssuer, "GITHUB_BASE_URL": c.GitHubBaseURL,
	} {
		if _, ok := webAddress(raw); raw != "" && !ok {
			problems.add("%s must be a web address, e.g. https://app.example.com.", name)
		}
	}
	for name, together := range map[string][]string{
		"GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET":          {c.GoogleClientID, c.GoogleClientSecret},
		"GITHUB_ID and GITHUB_SECRET":                        {c.GitHubID, c.GitHubSecret},
		"OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET": {c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret},
		"SMTP_HOST and SMTP_FROM":                            {c.SMTPHost, c.SMTPFrom},
		"SMTP_USER and SMTP_PASS":                            {c.SMTPUser, c.SMTPPass},
	} {
		if slices.Contains(together, "") && slices.ContainsFunc(together, func(v string) bool { return v != "" }) {
			problems.add("%s go together: set all or none.", name)
		}
	}
	if c.SessionUpdateAge >= c.SessionMaxAge || c.SessionUpdateAge <= 0 {
		problems.add("SESSION_UPDATE_AGE must be above zero and below SESSION_MAX_AGE.")
	}
	if c.CookieSameSite == SameSiteNone && c.SignInURL() != "" && !c.SecureCookies() {
		problems.add("AUTH_COOKIE_SAME_SITE=none needs AUTH_URL with https://: browsers drop such cookies else.")
	}
	if c.SMTPPort < 1 || c.SMTPPort > 65535 {
		problems.add("SMTP_PORT must be a port, 1 to 65535.")
	}
}

func (c Config) checkSignIn(problems *Problems) {
	for name, raw := range map[string]string{"AUTH_URL": c.AuthURL, "NEXTAUTH_URL": c.NextAuthURL} { // else it is BACKEND_URL
		if insecure(raw) {
			problems.add("%s must begin with https://: passwords go there.", name)
		}
	}
	for name, raw := range map[string]string{"OIDC_ISSUER": c.OIDCIssuer, "GITHUB_BASE_URL": c.GitHubBaseURL} {
		if insecure(raw) {
			problems.add("%s must begin with https://: it says who people are.", name)
		}
	}
	if c.GoogleIssuer != googleIssuer && !(local(c.PublicURL()) && local(c.GoogleIssuer)) {
		problems.add("GOOGLE_ISSUER is for tests, with BACKEND_URL on this machine or network: nobody else may say who people are at Google.")
	}
}

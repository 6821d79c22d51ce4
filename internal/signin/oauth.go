package signin

import (
	"crypto/subtle"
	"log/slog"
	"net/http"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/provider/oidc"
)

// depart sends somebody to a provider. What ties the answer to this browser is sealed in its cookies, under
// the way's name: the answer of one provider is not taken for another's.
func (v *visit) depart(way string, flow Flow) {
	checks := oidc.NewChecks()
	address, err := flow.Begin(v.r.Context(), checks)
	if err != nil {
		slog.WarnContext(v.r.Context(), "a provider cannot be reached", "provider", way, "error", err)
		v.to(v.at("/error", "error", "OAuthSignin"), http.StatusOK)
		return
	}
	v.remember()
	for check, value := range map[authjs.Check]string{authjs.State: checks.State, authjs.Nonce: checks.Nonce, authjs.PKCE: checks.Verifier} {
		if err := v.jar.Keep(v.w, check, way, value, v.now()); err != nil {
			v.fail(err, way)
			return
		}
	}
	v.to(address, http.StatusOK)
}

// answered is where providers send people back, and where links in mails lead.
func (v *visit) answered() {
	way := v.r.PathValue("provider")
	if way == "email" {
		v.magicLinkPage()
		return
	}
	if id, ok := strings.CutPrefix(way, sso+"-"); ok {
		v.arriveSSO(way, id)
		return
	}
	provider, ok := v.providers[way]
	if !ok {
		http.Redirect(v.w, v.r, v.at("/signin"), http.StatusFound)
		return
	}
	profile, ok := v.arrive(way, provider.Flow)
	if !ok {
		return
	}
	user, err := v.people.ExternalSignIn(v.r.Context(), external(way, profile))
	if err != nil {
		v.fail(err, way)
		return
	}
	v.open(user, way)
}

// arrive takes a provider's answer, once and only in the browser that asked. It has told the visitor what is
// wrong where it gives none.
func (v *visit) arrive(way string, flow Flow) (oidc.Profile, bool) {
	now, query := v.now(), v.r.URL.Query()
	checks := oidc.Checks{
		State: v.jar.Use(v.w, v.r, authjs.State, way, now), Nonce: v.jar.Use(v.w, v.r, authjs.Nonce, way, now),
		Verifier: v.jar.Use(v.w, v.r, authjs.PKCE, way, now),
	}
	if checks.State == "" || checks.Verifier == "" || subtle.ConstantTimeCompare([]byte(checks.State), []byte(query.Get("state"))) == 0 || query.Get("code") == "" {
		v.to(v.at("/error", "error", "OAuthCallback"), http.StatusOK)
		return oidc.Profile{}, false
	}
	profile, err := flow.Finish(v.r.Context(), query.Get("code"), checks)
	if err != nil {
		slog.WarnContext(v.r.Context(), "a provider's answer was not taken", "provider", way, "error", err)
		v.to(v.at("/error", "error", "OAuthCallback"), http.StatusOK)
		return oidc.Profile{}, false
	}
	return profile, true
}

func external(way string, p oidc.Profile) identity.External {
	return identity.External{
		Provider: way, Issuer: p.Issuer, Subject: p.Subject, Email: p.Email, EmailVerified: p.EmailVerified, Name: p.Name, AvatarURL: p.Picture,
	}
}

package signin

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/switchboard-voice/switchboard/internal/ids"
)

// beginSSO sends somebody to the provider of their organization, which their address names. The way carries
// the organization, so that each provider has an address for its answers of its own: one that is hostile
// cannot pass on what another one was asked.
func (v *visit) beginSSO() {
	c, err := v.people.SSOFor(v.r.Context(), v.form.Get("email"))
	if err != nil {
		v.fail(err, sso)
		return
	}
	if c == nil {
		v.to(v.at("/error", "error", "NoSingleSignOn"), http.StatusOK)
		return
	}
	way := sso + "-" + c.OrganizationID.UUID.String()
	v.depart(way, v.connect(*c, v.at("/callback/"+way)))
}

// arriveSSO takes the answer of an organization's provider.
func (v *visit) arriveSSO(way, organization string) {
	id, err := uuid.Parse(organization)
	if err != nil {
		http.Redirect(v.w, v.r, v.at("/signin"), http.StatusFound)
		return
	}
	c, err := v.people.SSOOf(v.r.Context(), ids.Of(ids.Organization, id))
	if err != nil {
		v.fail(err, sso)
		return
	}
	if c == nil {
		v.to(v.at("/error", "error", "NoSingleSignOn"), http.StatusOK)
		return
	}
	profile, ok := v.arrive(way, v.connect(*c, v.at("/callback/"+way)))
	if !ok {
		return
	}
	e := external(sso, profile)
	e.Organization = c.OrganizationID
	user, err := v.people.ExternalSignIn(v.r.Context(), e)
	if err != nil {
		v.fail(err, sso)
		return
	}
	v.open(user, sso)
}

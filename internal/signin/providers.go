package signin

import "net/http"

// entry is a way in, as next-auth's client reads it.
type entry struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Type        string `json:"type"`
	SigninURL   string `json:"signinUrl"`
	CallbackURL string `json:"callbackUrl"`
	AsksAddress bool   `json:"-"`
}

// sso is the way to the provider of one's own organization, which the address names.
const sso = "sso"

func (h *Handler) entries(providers []Provider) []entry {
	list := []entry{h.entry("credentials", "Password", "credentials"), h.entry("email", "Email", "email")}
	for _, p := range providers {
		list = append(list, h.entry(p.ID, p.Name, "oauth"))
	}
	own := h.entry(sso, "single sign-on", "oauth")
	own.AsksAddress = true
	return append(list, own)
}

func (h *Handler) entry(id, name, kind string) entry {
	return entry{ID: id, Name: name, Type: kind, SigninURL: h.at("/signin/" + id), CallbackURL: h.at("/callback/" + id)}
}

func (v *visit) listProviders() {
	byID := map[string]entry{}
	for _, e := range v.ways {
		byID[e.ID] = e
	}
	answer(v.w, http.StatusOK, byID)
}

func (v *visit) csrf() {
	answer(v.w, http.StatusOK, map[string]string{"csrfToken": v.jar.CSRF(v.w, v.r)})
}

// begin starts on one of the ways.
func (v *visit) begin() {
	switch id := v.r.PathValue("provider"); {
	case id == "credentials":
		v.to(v.at("/signin", "callbackUrl", v.callbackURL()), http.StatusOK)
	case id == "email":
		v.sendLink()
	case id == sso:
		v.beginSSO()
	case v.providers[id].Flow != nil:
		v.depart(id, v.providers[id].Flow)
	default:
		v.to(v.at("/signin"), http.StatusOK)
	}
}

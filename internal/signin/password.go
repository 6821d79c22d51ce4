package signin

import (
	"cmp"
	"net/http"

	"github.com/switchboard-voice/switchboard/internal/identity"
)

// password signs in with an address and a password; older pages call the address a name.
func (v *visit) password() {
	user, err := v.people.PasswordSignIn(v.r.Context(), identity.Credentials{
		Email: cmp.Or(v.form.Get("email"), v.form.Get("username")), Password: v.form.Get("password"), Client: v.client(),
	})
	if err != nil {
		v.fail(err, "credentials")
		return
	}
	v.open(user, "password")
}

// sendLink mails a link that signs in.
func (v *visit) sendLink() {
	v.remember()
	if err := v.people.RequestMagicLink(v.r.Context(), v.form.Get("email"), v.callbackURL(), v.client()); err != nil {
		v.fail(err, "email")
		return
	}
	v.to(v.at("/verify-request", "provider", "email", "type", "email"), http.StatusOK)
}

// magicLink is the button of a link's page.
func (v *visit) magicLink() {
	user, err := v.people.ConsumeMagicLink(v.r.Context(), v.form.Get("token"))
	if err != nil {
		v.fail(err, "email")
		return
	}
	v.open(user, "email")
}

func (v *visit) magicLinkPage() {
	query := v.r.URL.Query()
	v.show("confirm", http.StatusOK, page{
		Title: "Sign in", Lines: []string{"One click, and you are signed in on this device."}, Action: Prefix + "/callback/email", Button: "Sign in",
		Fields: []field{{"token", query.Get("token")}}, CallbackURL: v.callbackURL(),
	})
}

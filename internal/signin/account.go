package signin

import (
	"net/http"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/identity"
)

// either takes what a script sends as JSON, and what one of our own pages sends as a form, which repeats the
// token of its cookie.
func (h *Handler) either(next func(*visit)) http.HandlerFunc {
	return h.guarded(func(v *visit) {
		if v.isScript() {
			v.json = true
		} else if !v.jar.CSRFRepeated(v.r, v.form.Get("csrfToken")) {
			v.to(h.at("/signin", "csrf", "true"), http.StatusOK)
			return
		}
		next(v)
	})
}

// done answers a script with success and shows a page to everybody else.
func (v *visit) done(p page) {
	if v.json {
		answer(v.w, http.StatusOK, map[string]any{"success": true, "message": p.Title})
		return
	}
	v.show("message", http.StatusOK, p)
}

// refused answers a script, or shows the form again with what is wrong.
func (v *visit) refused(err error, name string, p page) {
	f := fault.As(err)
	if v.json || f == nil {
		refuse(v.w, v.r, err)
		return
	}
	p.Problem = f.Message
	v.show(name, f.Status(), p)
}

func signUpForm(invite string) page {
	return page{Title: "Sign up", Action: Prefix + "/signup", Button: "Sign up", Fields: []field{{"invite", invite}}}
}

func (v *visit) signUpPage() {
	v.show("signup", http.StatusOK, signUpForm(v.r.URL.Query().Get("invite")))
}

// signUp answers the same whether or not the address has an account: only its owner learns that, by mail.
func (v *visit) signUp() {
	in := identity.SignUpInput{
		Email: v.form.Get("email"), Password: v.form.Get("password"), Name: v.form.Get("name"),
		Organization: v.form.Get("organization"), Invite: v.form.Get("invite"), Client: v.client(),
	}
	if v.json && (in.Email == "" || in.Password == "") {
		answer(v.w, http.StatusBadRequest, refusal{Error: "Give an address and a password.", Code: "MISSING_FIELDS"})
		return
	}
	user, err := v.people.SignUp(v.r.Context(), in)
	if err != nil {
		v.refused(err, "signup", signUpForm(in.Invite))
		return
	}
	if !v.json {
		v.done(page{Title: "Look into your mail", Lines: []string{"A link is on its way that confirms your address."}})
		return
	}
	answer(v.w, http.StatusOK, map[string]any{
		"success": true, "message": "Open the link in the mail that we sent you.",
		"user": map[string]string{"id": user.ID.UUID.String(), "email": user.Email},
	})
}

func resendForm() page {
	return page{Title: "Confirm your address", Lines: []string{"We mail you the link that confirms it once more."}, Action: Prefix + "/resend-verification", Button: "Send it again"}
}

func (v *visit) resendPage() { v.show("forgot", http.StatusOK, resendForm()) }

// resend answers the same whether or not somebody signed up with the address.
func (v *visit) resend() {
	if err := v.people.ResendVerification(v.r.Context(), v.form.Get("email"), v.client()); err != nil {
		v.refused(err, "forgot", resendForm())
		return
	}
	v.done(page{Title: "Look into your mail", Lines: []string{"If somebody signed up with the address, a link is on its way."}})
}

func (v *visit) verifyEmailPage() {
	v.show("confirm", http.StatusOK, page{
		Title: "Confirm your address", Lines: []string{"Confirm only if it was you who signed up, with a password that you chose."},
		Action: Prefix + "/verify-email", Button: "Confirm address", Fields: v.tokenField(),
	})
}

func (v *visit) tokenField() []field { return []field{{"token", v.r.URL.Query().Get("token")}} }

func (v *visit) verifyEmail() {
	if _, err := v.people.VerifyEmail(v.r.Context(), v.form.Get("token")); err != nil {
		v.refused(err, "message", page{Title: "That did not work", Action: Prefix + "/signin", Button: "Sign in"})
		return
	}
	v.done(page{Title: "Your address is confirmed", Action: Prefix + "/signin", Button: "Sign in"})
}

func (v *visit) emailChangePage() {
	v.show("confirm", http.StatusOK, page{
		Title: "Confirm your new address", Lines: []string{"From now on you sign in with this address."},
		Action: Prefix + "/email-change", Button: "Confirm address", Fields: v.tokenField(),
	})
}

func (v *visit) changeEmail() {
	if _, err := v.people.ConfirmEmail(v.r.Context(), v.form.Get("token")); err != nil {
		v.refused(err, "message", page{Title: "That did not work", Action: Prefix + "/signin", Button: "Sign in"})
		return
	}
	v.done(page{Title: "Your address is changed", Action: Prefix + "/signin", Button: "Sign in"})
}

func forgotForm() page {
	return page{Title: "Forgot your password?", Lines: []string{"We mail you a link to choose a new one."}, Action: Prefix + "/forgot-password", Button: "Send me a link"}
}

func (v *visit) forgotPage() { v.show("forgot", http.StatusOK, forgotForm()) }

// forgot answers the same whether or not the address has an account.
func (v *visit) forgot() {
	if err := v.people.ForgotPassword(v.r.Context(), v.form.Get("email"), v.client()); err != nil {
		v.refused(err, "forgot", forgotForm())
		return
	}
	v.done(page{Title: "Look into your mail", Lines: []string{"If the address has an account, a link is on its way."}})
}

func resetForm(token string) page {
	return page{Title: "Choose a new password", Lines: []string{"You will be signed out everywhere."}, Action: Prefix + "/reset-password", Button: "Change password", Fields: []field{{"token", token}}}
}

func (v *visit) resetPage() {
	v.show("reset", http.StatusOK, resetForm(v.r.URL.Query().Get("token")))
}

func (v *visit) reset() {
	token := v.form.Get("token")
	if err := v.people.ResetPassword(v.r.Context(), token, v.form.Get("password")); err != nil {
		v.refused(err, "reset", resetForm(token))
		return
	}
	v.done(page{Title: "Your password is changed", Action: Prefix + "/signin", Button: "Sign in"})
}

// ticket lets a page open a socket whose host its cookie does not reach.
func (v *visit) ticket() {
	viewer, _, err := v.current()
	if err != nil {
		refuse(v.w, v.r, err)
		return
	}
	ticket, err := v.people.Ticket(v.r.Context(), viewer)
	if err != nil {
		refuse(v.w, v.r, err)
		return
	}
	answer(v.w, http.StatusOK, map[string]string{"ticket": ticket})
}

// Package mail writes what the service tells people by e-mail, in text and HTML, and sends it by SMTP. It
// knows addresses and links; who gets a message and what its link opens is decided by the room that asks.
package mail

import "context"

// Message is one letter to one person.
type Message struct {
	To      string
	Subject string
	Text    string
	HTML    string
}

// Sender sends a letter, or says why it could not.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Pen writes letters in the name of one app.
type Pen struct {
	App string // its name, as people know it
}

// Verify asks a newcomer to show that the address is theirs.
func (p Pen) Verify(to, link string) Message {
	return p.write(to, letter{
		Subject: "Confirm your address", Lines: []string{"You have signed up for " + p.App + " with this address. Confirm that it is yours and you can sign in."},
		Button: "Confirm address", Link: link, Foot: "The link works for 24 hours. If it was not you who signed up, do nothing: without a confirmation nobody can use the account.",
	})
}

// SignUpAgain is for who asks for the link again where several people may have signed up with one address.
func (p Pen) SignUpAgain(to, link string) Message {
	return p.write(to, letter{
		Subject: "Sign up once more", Lines: []string{"Somebody signed up for " + p.App + " with this address more than once, so we cannot tell which link is yours. Sign up once more and open the link that comes then."},
		Button: "Sign up", Link: link, Foot: "If it was not you, do nothing: without a confirmation nobody can use the account.",
	})
}

// Known tells somebody who signs up again that there is an account. The page says the same to both, so
// that nobody learns from it who is here.
func (p Pen) Known(to, link string) Message {
	return p.write(to, letter{
		Subject: "You have an account already", Lines: []string{"Somebody, probably you, tried to sign up for " + p.App + " with this address. There is an account already: sign in, or set a new password if you forgot yours."},
		Button: "Sign in", Link: link, Foot: "If it was not you, there is nothing to do: nothing was changed.",
	})
}

// MagicLink signs in without a password.
func (p Pen) MagicLink(to, link string) Message {
	return p.write(to, letter{
		Subject: "Sign in", Lines: []string{"Follow this link to sign in to " + p.App + "."},
		Button: "Sign in", Link: link, Foot: "The link works once, for 24 hours. If you did not ask for it, do nothing, and show it to nobody.",
	})
}

// Reset lets somebody choose a new password.
func (p Pen) Reset(to, link string) Message {
	return p.write(to, letter{
		Subject: "Choose a new password", Lines: []string{"Somebody, probably you, forgot the password of this account at " + p.App + ". Follow the link to choose a new one. It will sign you out everywhere."},
		Button: "Choose a new password", Link: link, Foot: "The link works once, for an hour. If you did not ask for it, do nothing: your password stays as it is.",
	})
}

// Invite asks somebody into an organization. inviter is who asks, as people know them.
func (p Pen) Invite(to, inviter, organization, link string) Message {
	organization, inviter = line(organization), line(inviter)
	return p.write(to, letter{
		Subject: "Join " + organization, Lines: []string{inviter + " invites you to join " + organization + " at " + p.App + "."},
		Button: "Accept the invitation", Link: link, Foot: "The link works once, for 7 days and for this address only. If you do not know who that is, do nothing.",
	})
}

// EmailChange asks whoever wants to use a new address to show that it is theirs.
func (p Pen) EmailChange(to, link string) Message {
	return p.write(to, letter{
		Subject: "Confirm your new address", Lines: []string{"You want to use this address at " + p.App + " from now on. Confirm that it is yours."},
		Button: "Confirm address", Link: link, Foot: "The link works once, for 24 hours. If it was not you, do nothing.",
	})
}

// EmailChanged tells the old address, so that a change by somebody else is noticed.
func (p Pen) EmailChanged(to string) Message {
	return p.write(to, letter{
		Subject: "Your address was changed", Lines: []string{"Your account at " + p.App + " has another address now. Mail goes there from now on."},
		Foot: "If it was not you, answer this message at once.",
	})
}

// PasswordChanged tells the owner, so that a change by somebody else is noticed.
func (p Pen) PasswordChanged(to, link string) Message {
	return p.write(to, letter{
		Subject: "Your password was changed", Lines: []string{"The password of your account at " + p.App + " was changed, and you were signed out everywhere else."},
		Button: "Choose another password", Link: link, Foot: "If it was you, there is nothing to do. If not, choose another password now.",
	})
}

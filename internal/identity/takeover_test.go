package identity

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

func TestNoSessionOpensByAPasswordThatWasChangedWhileItWasLookedAt(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.withPassword(t)
	give := Credentials{Email: "ada@example.com", Password: secret, Client: Client{Address: "a"}}
	thief, err := r.PasswordSignIn(t.Context(), give)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ChangePassword(t.Context(), r.session(t), PasswordChange{Old: secret, New: "violet umbrella in april"}); err != nil {
		t.Fatal(err)
	}
	_, err = r.OpenSession(t.Context(), thief, "password", Client{})
	wantCode(t, "with the password of before", err, fault.CodeUnauthenticated)
	give.Password = "violet umbrella in april"
	ada, err := r.PasswordSignIn(t.Context(), give)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.OpenSession(t.Context(), ada, "password", Client{}); err != nil {
		t.Errorf("with the new one: %v", err)
	}
	r.harbor(t, true)
	_, err = r.OpenSession(t.Context(), ada, "password", Client{})
	wantCode(t, "once the sign-on is required", err, fault.CodeForbidden)
}

func TestTwoWhoRenewAnOldHashAtTheSameTimeBothGetIn(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.withPassword(t)
	before, err := r.find(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 { // the second one looked before the first one wrote
		ada := before.User
		if ada.proven, err = r.renewHash(t.Context(), before, secret, true); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if _, err := r.OpenSession(t.Context(), ada, "password", Client{}); err != nil {
			t.Errorf("%d: %v", i, err)
		}
	}
	_, err = r.renewHash(t.Context(), before, "another one, as it was changed", true)
	wantCode(t, "after a change", err, fault.CodeUnauthenticated)
}

func TestADomainThatIsProvenLaterIsClosedToOtherWaysAtOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	owner := r.harbor(t, true)
	bob := r.plant(t, Seed{Email: "bob@harbor.dental", UserName: "Bob", Organization: "Harbor Dental", Slug: "harbor-dental", Role: access.Viewing})
	opened, err := r.OpenSession(t.Context(), User{ID: bob.UserID}, "password", Client{})
	if err != nil {
		t.Fatal(err)
	}
	claims := r.claims()
	claims.Subject = bob.UserID.UUID.String()
	stream, err := r.Session(t.Context(), claims) // by a token of another service
	if err != nil || r.Allowed(t.Context(), stream, r.OrganizationID.UUID) != nil {
		t.Fatal(err, "or a stream that may not look")
	}
	in := DomainInput{OrganizationID: r.OrganizationID, Domain: "harbor.dental"}
	named, err := r.AddDomain(t.Context(), owner, in)
	if err != nil {
		t.Fatal(err)
	}
	r.lookup = func(context.Context, string) ([]string, error) { return []string{named.TXTValue}, nil }
	if _, err := r.VerifyDomain(t.Context(), owner, in); err != nil {
		t.Fatal(err)
	}
	_, err = r.TouchSession(t.Context(), opened.ID.UUID)
	wantCode(t, "a session of before", err, fault.CodeUnauthenticated)
	wantCode(t, "a stream of another service's token", r.Allowed(t.Context(), stream, r.OrganizationID.UUID), fault.CodeNotFound)
}

func TestAnAddressOfADomainThatHasComeToRequireItsSignOnIsNotTaken(t *testing.T) {
	t.Parallel()
	r := open(t)
	eve := r.plant(t, Seed{Email: "eve@rival.net", UserName: "Eve", Organization: "Rival", Slug: "rival", Role: access.Owner})
	claims := r.claims()
	claims.Subject = eve.UserID.UUID.String()
	viewer, err := r.Session(t.Context(), claims)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.ChangeEmail(t.Context(), viewer, "eve@example.com", ""); err != nil {
		t.Fatal(err)
	}
	token := r.mailed(t)
	r.harbor(t, true)
	_, err = r.ConfirmEmail(t.Context(), token)
	wantCode(t, "confirmed afterwards", err, fault.CodeForbidden)
}

func TestALinkThatIsSentAgainIsNeverThatOfAStrangersSignUp(t *testing.T) {
	t.Parallel()
	r := open(t)
	again := func() string {
		if err := r.ResendVerification(t.Context(), "new@example.com", Client{}); err != nil {
			t.Fatal(err)
		}
		return r.mailed(t)
	}
	for _, who := range []string{secret, "the thief knows this one"} {
		if _, err := r.SignUp(t.Context(), SignUpInput{Email: "new@example.com", Password: who}); err != nil {
			t.Fatal(err)
		}
		if token := again(); (token != "") != (who == secret) {
			t.Errorf("after the sign-up with %q the link sent again has the token %q", who, token)
		}
	}
}

func TestAMagicLinkVoidsAPasswordThatSomebodySetBeforeTheAddressWasProven(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.withPassword(t)
	r.execute(t, "UPDATE switchboard.users SET email_verified_at = NULL")
	if err := r.RequestMagicLink(t.Context(), "ada@example.com", "", Client{}); err != nil {
		t.Fatal(err)
	}
	if u, err := r.ConsumeMagicLink(t.Context(), r.mailed(t)); err != nil || u.ID != r.UserID {
		t.Fatalf("%+v, %v", u, err)
	}
	wantCode(t, "the password of before", r.signIn(t, "ada@example.com", secret, "a"), fault.CodeUnauthenticated)
}

func TestLettersThatOnlyBecomeAlikeInLowerCaseAreOthers(t *testing.T) {
	t.Parallel()
	r := open(t)
	mike := r.plant(t, Seed{Email: "MIKE@example.com", UserName: "Mike", Organization: "Mike's", Slug: "mike", Role: access.Owner})
	if u, err := r.ExternalSignIn(t.Context(), google("1", "mike@Example.com")); err != nil || u.ID != mike.UserID {
		t.Errorf("%+v, %v", u, err)
	}
	for i, alike := range []string{"mi\u212ae@example.com", "m\u0130ke@example.com"} {
		_, err := r.ExternalSignIn(t.Context(), google(fmt.Sprint(i+2), alike))
		wantCode(t, alike, err, fault.CodeForbidden)
		wantCode(t, alike, r.ForgotPassword(t.Context(), alike, Client{}), fault.CodeInvalid)
	}
}

func TestALetterToANewAddressThatComesAfterAResetGivesNothingAway(t *testing.T) {
	t.Parallel()
	r := open(t)
	if err := r.ChangeEmail(t.Context(), r.session(t), "thief@example.com", ""); err != nil {
		t.Fatal(err)
	}
	if r.mailed(t) == "" {
		t.Fatal("no letter")
	}
	r.clock = r.clock.Add(time.Minute)
	if err := r.RevokeSessions(t.Context(), r.session(t)); err != nil {
		t.Fatal(err)
	}
	if token := r.mailed(t); token != "" {
		t.Error("the letter that was late has a link")
	}
}

func TestATokenOfWhoLeftStaysDeadWhenTheyComeBack(t *testing.T) {
	t.Parallel()
	r := open(t)
	viewers, memberships := r.crew(t, 1)
	_, script, err := r.CreateAPIToken(t.Context(), viewers[1], APITokenInput{OrganizationID: r.OrganizationID, Name: "ci", Role: access.Viewing, Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.RemoveMember(t.Context(), viewers[0], memberships[1]); err != nil {
		t.Fatal(err)
	}
	r.plant(t, Seed{Email: "m1@example.com", UserName: "M", Organization: "Harbor Dental", Slug: "harbor-dental", Role: access.Admin})
	_, err = r.Script(t.Context(), script)
	wantCode(t, "the token of before", err, fault.CodeUnauthenticated)
}

func TestNobodyJoinsMoreOrganizationsThanARequestCanRead(t *testing.T) {
	t.Parallel()
	r := open(t)
	bob := r.plant(t, Seed{Email: "bob@example.com", UserName: "Bob", Organization: "Bob's", Slug: "bob", Role: access.Owner})
	claims := r.claims()
	claims.Subject = bob.UserID.UUID.String()
	viewer, err := r.Session(t.Context(), claims)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxMemberships - 1 {
		o, err := r.store.UpsertOrganization(t.Context(), db.UpsertOrganizationParams{ID: ids.New(ids.Organization).UUID, Name: "O", Slug: fmt.Sprint("o", i)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.store.InsertMembership(t.Context(), db.InsertMembershipParams{ID: ids.New(ids.Membership).UUID, OrganizationID: o.ID, UserID: bob.UserID.UUID, Role: "VIEWER"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.Invite(t.Context(), r.session(t), InviteInput{OrganizationID: r.OrganizationID, Email: "bob@example.com", Role: access.Viewing}); err != nil {
		t.Fatal(err)
	}
	token := r.mailed(t)
	_, _, err = r.AcceptInvite(t.Context(), viewer, token)
	wantCode(t, "one more", err, fault.CodeConflict)
	r.execute(t, "DELETE FROM switchboard.memberships WHERE user_id = $1 AND organization_id <> $2 AND role = 'VIEWER'", bob.UserID.UUID, bob.OrganizationID.UUID)
	if _, _, err := r.AcceptInvite(t.Context(), viewer, token); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestAnAddressThatWasInvitedAndNeverCameIsForgotten(t *testing.T) {
	t.Parallel()
	r := open(t)
	if _, err := r.Invite(t.Context(), r.session(t), InviteInput{OrganizationID: r.OrganizationID, Email: "bob@example.com", Role: access.Viewing}); err != nil {
		t.Fatal(err)
	}
	left := func() int { return r.number(t, "SELECT count(*) FROM switchboard.invites") }
	r.clock = r.clock.Add(inviteLifetime)
	if err := r.clean(t.Context()); err != nil || left() != 1 {
		t.Errorf("on its last day: %d, %v", left(), err)
	}
	r.clock = r.clock.Add(kept + time.Minute)
	if err := r.clean(t.Context()); err != nil || left() != 0 {
		t.Errorf("in the end: %d, %v", left(), err)
	}
}

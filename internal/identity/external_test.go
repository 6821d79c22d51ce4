package identity

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

func google(subject, email string) External {
	return External{Provider: "google", Issuer: "https://accounts.google.com", Subject: subject, Email: email, EmailVerified: true, Name: "Ada"}
}

func TestAProviderLinksToAUserByAVerifiedAddressOnlyAndKnowsThemBySubjectAfterwards(t *testing.T) {
	t.Parallel()
	r := open(t)
	unproven := google("1", "ada@example.com")
	unproven.EmailVerified = false
	_, err := r.ExternalSignIn(t.Context(), unproven)
	wantCode(t, "an address that the provider did not verify", err, fault.CodeForbidden)
	u, err := r.ExternalSignIn(t.Context(), google("1", "Ada@Example.com"))
	if err != nil || u.ID != r.UserID {
		t.Fatalf("%+v, %v", u, err)
	}
	if u, err = r.ExternalSignIn(t.Context(), google("1", "moved@example.net")); err != nil || u.ID != r.UserID {
		t.Errorf("by subject: %+v, %v", u, err)
	}
	fresh, err := r.ExternalSignIn(t.Context(), google("2", "bob@example.com"))
	if err != nil || fresh.ID == r.UserID {
		t.Fatalf("a newcomer: %+v, %v", fresh, err)
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.memberships WHERE role = 'OWNER'"); n != 2 {
		t.Errorf("%d owners: the newcomer has no organization of their own", n)
	}
	r.execute(t, "UPDATE switchboard.users SET disabled_at = now()")
	_, err = r.ExternalSignIn(t.Context(), google("1", "ada@example.com"))
	wantCode(t, "a disabled user", err, fault.CodeForbidden)
}

func TestAPasswordThatSomebodySetBeforeTheAddressWasProvenIsVoidOnceItsOwnerComes(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.withPassword(t)
	r.execute(t, "UPDATE switchboard.users SET email_verified_at = NULL")
	if _, err := r.ExternalSignIn(t.Context(), google("1", "ada@example.com")); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "the password of before", r.signIn(t, "ada@example.com", secret, "a"), fault.CodeUnauthenticated)
}

// harbor sets up Harbor Dental's sign-on with its domain proven.
func (r *room) harbor(t *testing.T, require bool) access.Viewer {
	t.Helper()
	owner := r.session(t)
	var record string
	r.lookup = func(_ context.Context, name string) ([]string, error) {
		if name != "_switchboard.example.com" || record == "" {
			return nil, errors.New("no such host")
		}
		return []string{"v=spf1 -all", record}, nil
	}
	domain := DomainInput{OrganizationID: r.OrganizationID, Domain: "example.com"}
	in := SSOInput{OrganizationID: r.OrganizationID, Issuer: "https://login.example.com", ClientID: "client", ClientSecret: ref("the client's secret"), Require: true}
	_, err := r.SetSSO(t.Context(), owner, in)
	wantCode(t, "required without a domain", err, fault.CodeInvalidState)
	named, err := r.AddDomain(t.Context(), owner, DomainInput{OrganizationID: r.OrganizationID, Domain: " Example.COM. "})
	if err != nil || named.Name != "example.com" || named.VerifiedAt != nil {
		t.Fatalf("%+v, %v", named, err)
	}
	_, err = r.VerifyDomain(t.Context(), owner, domain)
	wantCode(t, "without the record", err, fault.CodeInvalidState)
	record = named.TXTValue
	if proven, err := r.VerifyDomain(t.Context(), owner, domain); err != nil || proven.VerifiedAt == nil || r.number(t, "SELECT count(*) FROM switchboard.activity_events WHERE type = 'SSO_DOMAIN_VERIFIED' AND audience = 'AUDIT'") != 1 {
		t.Fatalf("%+v, %v", proven, err)
	}
	in.Require = require
	if _, err := r.SetSSO(t.Context(), owner, in); err != nil {
		t.Fatal(err)
	}
	return owner
}

func (r *room) sso(subject, email string) External {
	return External{Provider: "sso", Issuer: "https://login.example.com", Subject: subject, Email: email, EmailVerified: true, Organization: r.OrganizationID}
}

func TestAnOrganizationsSignOnIsForItsProvenDomainsOnly(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.harbor(t, false)
	c, err := r.SSOFor(t.Context(), "Anybody@example.com")
	if err != nil || c == nil || c.ClientSecret != "the client's secret" || c.Required || c.OrganizationID != r.OrganizationID {
		t.Fatalf("%+v, %v", c, err)
	}
	if c, err := r.SSOFor(t.Context(), "anybody@sub.example.com"); c != nil || err != nil {
		t.Errorf("a domain below: %+v, %v", c, err)
	}
	u, err := r.ExternalSignIn(t.Context(), r.sso("1", "carol@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.memberships WHERE role = 'VIEWER'"); n != 1 {
		t.Errorf("%d viewers", n)
	}
	if again, err := r.ExternalSignIn(t.Context(), r.sso("1", "carol@example.com")); err != nil || again.ID != u.ID {
		t.Errorf("once more: %+v, %v", again, err)
	}
	rival := r.plant(t, Seed{Email: "eve@rival.net", UserName: "Eve", Organization: "Rival", Slug: "rival", Role: access.Owner})
	other := r.sso("2", "ada@example.com")
	other.Organization = rival.OrganizationID
	for name, e := range map[string]External{
		"an address of nobody's domain": r.sso("3", "dan@elsewhere.org"), "another organization's connection": other,
		"another issuer": {Provider: "sso", Issuer: "https://evil.example.net", Subject: "1", Email: "ada@example.com", EmailVerified: true, Organization: r.OrganizationID},
	} {
		_, err := r.ExternalSignIn(t.Context(), e)
		wantCode(t, name, err, fault.CodeForbidden)
	}
	r.execute(t, "UPDATE switchboard.users SET email = 'carol@bank.com' WHERE id = $1", u.ID.UUID)
	_, err = r.ExternalSignIn(t.Context(), r.sso("1", "carol@example.com"))
	wantCode(t, "a user who has moved to another domain", err, fault.CodeForbidden)
}

func TestARequiredSignOnClosesEveryOtherWayIn(t *testing.T) {
	t.Parallel()
	r := open(t)
	before, err := r.OpenSession(t.Context(), User{ID: r.UserID}, "password", Client{})
	if err != nil {
		t.Fatal(err)
	}
	owner := r.harbor(t, true)
	_, err = r.TouchSession(t.Context(), before.ID.UUID)
	wantCode(t, "a session of before", err, fault.CodeUnauthenticated)
	_, err = r.Session(t.Context(), r.claims())
	wantCode(t, "a token of another service", err, fault.CodeUnauthenticated)
	r.withPassword(t)
	_, signUp := r.SignUp(t.Context(), SignUpInput{Email: "new@example.com", Password: secret})
	_, external := r.ExternalSignIn(t.Context(), google("1", "ada@example.com"))
	for name, err := range map[string]error{
		"password": r.signIn(t, "ada@example.com", secret, "a"), "magic link": r.RequestMagicLink(t.Context(), "ada@example.com", "", Client{}),
		"sign-up": signUp, "google": external,
	} {
		wantCode(t, name, err, fault.CodeForbidden)
	}
	if _, err := r.ExternalSignIn(t.Context(), r.sso("9", "ada@example.com")); err != nil {
		t.Errorf("the sign-on itself: %v", err)
	}
	r.rename(t, "ALTER TABLE switchboard.sso_connections RENAME TO away")
	if err := r.signIn(t, "ada@example.com", secret, "b"); err == nil {
		t.Error("it was let in when nobody could know whether the sign-on is required")
	}
	r.rename(t, "ALTER TABLE switchboard.away RENAME TO sso_connections")
	if _, err := r.RemoveSSO(t.Context(), owner, r.OrganizationID); err != nil {
		t.Fatal(err)
	}
	if err := r.signIn(t, "ada@example.com", secret, "c"); err != nil {
		t.Errorf("after it was removed: %v", err)
	}
}

func TestADomainBelongsToTheFirstWhoProvesItAndSecretsDoNotFollowToAnotherIssuer(t *testing.T) {
	t.Parallel()
	r := open(t)
	owner := r.harbor(t, false)
	rival := r.plant(t, Seed{Email: "eve@rival.net", UserName: "Eve", Organization: "Rival", Slug: "rival", Role: access.Owner})
	claims := r.claims()
	claims.Subject = rival.UserID.UUID.String()
	eve, err := r.Session(t.Context(), claims)
	if err != nil {
		t.Fatal(err)
	}
	in := DomainInput{OrganizationID: rival.OrganizationID, Domain: "example.com"}
	named, err := r.AddDomain(t.Context(), eve, in)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.VerifyDomain(t.Context(), eve, in)
	wantCode(t, "with the record of another organization", err, fault.CodeInvalidState)
	r.lookup = func(context.Context, string) ([]string, error) { return []string{named.TXTValue}, nil }
	_, err = r.VerifyDomain(t.Context(), eve, in)
	wantCode(t, "a domain that is somebody's", err, fault.CodeConflict)
	keep := SSOInput{OrganizationID: r.OrganizationID, Issuer: "https://login.example.com", ClientID: "client"}
	if _, err := r.SetSSO(t.Context(), owner, keep); err != nil {
		t.Errorf("keeping the secret: %v", err)
	}
	keep.Issuer = "https://evil.example.net"
	_, err = r.SetSSO(t.Context(), owner, keep)
	wantCode(t, "for another issuer", err, fault.CodeInvalid)
	for _, issuer := range []string{"http://login.example.com", "https://", "nonsense", "https://u:p@login.example.com", "https://login.example.com?x=1"} {
		keep.Issuer, keep.ClientSecret = issuer, ref("s")
		_, err := r.SetSSO(t.Context(), owner, keep)
		wantCode(t, issuer, err, fault.CodeInvalid)
	}
	for _, domain := range []string{"", "localhost", "exa mple.com", "-a.com", "a..com", strings.Repeat("a", 64) + ".com", "192.168.1.1"} {
		_, err := r.AddDomain(t.Context(), owner, DomainInput{OrganizationID: r.OrganizationID, Domain: domain})
		wantCode(t, domain, err, fault.CodeInvalid)
	}
}

func TestASealOpensForItsOwnerWithEitherKeyOfARotationAndNeverWhenItWasChanged(t *testing.T) {
	t.Parallel()
	old, fresh := []byte(strings.Repeat("o", 32)), []byte(strings.Repeat("n", 32))
	owner, other := ids.New(ids.Organization).UUID, ids.New(ids.Organization).UUID
	sealed, err := seal{old}.close([]byte("word"), owner[:])
	if err != nil || strings.Contains(string(sealed), "word") {
		t.Fatalf("%q, %v", sealed, err)
	}
	if text, err := (seal{fresh, old}).open(sealed, owner[:]); err != nil || string(text) != "word" {
		t.Errorf("%q, %v", text, err)
	}
	for i := range sealed {
		changed := []byte(string(sealed))
		changed[i] ^= 1
		if _, err := (seal{fresh, old}).open(changed, owner[:]); err == nil {
			t.Errorf("byte %d was changed", i)
		}
	}
	if _, err := (seal{old}).open(sealed, other[:]); err == nil {
		t.Error("it opens for another organization")
	}
	if _, err := (seal{fresh}).open(sealed, owner[:]); err == nil {
		t.Error("it opens without its key")
	}
	if _, err := (seal{}).close([]byte("word"), owner[:]); err == nil {
		t.Error("it was sealed with no key")
	}
}

// rename changes a table, which counts no rows.
func (r *room) rename(t *testing.T, statement string) {
	t.Helper()
	if _, err := r.store.Pool().Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

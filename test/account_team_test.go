package test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

const (
	memberInvite = `mutation($in: MemberInviteInput!) { memberInvite(input: $in) { invite { id } userErrors { code message path } } }`
	inviteCancel = `mutation($id: ID!) { inviteCancel(id: $id) { inviteId userErrors { code message } } }`
	inviteAccept = `mutation($token: String!) { inviteAccept(token: $token) {
		membership { id role organization { id slug viewerRole } } userErrors { code message } } }`
	roleChange         = `mutation($in: MemberRoleChangeInput!) { memberRoleChange(input: $in) { membership { id role } userErrors { code message } } }`
	memberOut          = `mutation($id: ID!) { memberRemove(id: $id) { membershipId userErrors { code message } } }`
	organizationCreate = `mutation($in: OrganizationCreateInput!) { organizationCreate(input: $in) { organization { id } userErrors { code message } } }`
	leave              = `mutation($id: ID!) { organizationLeave(organizationId: $id) { organizationId userErrors { code message } } }`
)

func (p *person) invite(email, role string) vars {
	return vars{"in": vars{"organizationId": p.organization.String(), "email": email, "role": role}}
}

// code is the first userError's, empty without one.
func (p *person) code(query string, variables vars) string {
	p.t.Helper()
	if _, problems := p.mutate(query, variables); len(problems) > 0 {
		return problems[0].Code
	}
	return ""
}

func TestAnInviteOpensOnceForItsAddressAndOnlyWhileItIsOpen(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	b, owner := w.newcomer("ada")
	_, bob := w.newcomer("bob")
	_, eve := w.newcomer("eve")
	sent := func(email string) string {
		before := len(w.mail.Messages(email))
		owner.mustMutate(memberInvite, owner.invite(email, "OPERATOR"))
		return b.token(email, before)
	}
	first := sent("bob@example.com")
	second := sent("bob@example.com")
	if code := bob.code(inviteAccept, vars{"token": first}); code != "EXPIRED" {
		t.Errorf("an invite that was replaced: %q", code)
	}
	if code := eve.code(inviteAccept, vars{"token": second}); code != "EXPIRED" {
		t.Errorf("another address: %q", code)
	}
	bob.mustMutate(inviteAccept, vars{"token": second})
	if code := bob.code(inviteAccept, vars{"token": second}); code != "EXPIRED" {
		t.Errorf("once more: %q", code)
	}
	if code := owner.code(memberInvite, owner.invite("bob@example.com", "VIEWER")); code != "CONFLICT" {
		t.Errorf("a member: %q", code)
	}
	canceled := sent("eve@example.com")
	var id uuid.UUID
	w.scan(&id, `SELECT id FROM switchboard.invites WHERE email = 'eve@example.com' AND status = 'PENDING'`)
	if code := bob.code(inviteCancel, vars{"id": ids.Of(ids.Invite, id).String()}); code != "FORBIDDEN" {
		t.Errorf("an operator cancels: %q", code)
	}
	if code := owner.code(inviteCancel, vars{"id": ids.Of(ids.Invite, id).String()}); code != "" {
		t.Errorf("the owner cancels: %q", code)
	}
	if code := eve.code(inviteAccept, vars{"token": canceled}); code != "EXPIRED" {
		t.Errorf("taken back: %q", code)
	}
	late := sent("eve@example.com")
	w.exec(`UPDATE switchboard.invites SET expires_at = now() - interval '1 second'`)
	if code := eve.code(inviteAccept, vars{"token": late}); code != "EXPIRED" {
		t.Errorf("a week later: %q", code)
	}
	owner.logged("MEMBER_INVITED", "INVITE_CANCELED", "MEMBER_JOINED")
	if n := w.rows(`SELECT count(*) FROM switchboard.memberships WHERE organization_id = $1`, owner.organization.UUID); n != 2 {
		t.Errorf("%d members, want the owner and bob", n)
	}
}

func TestANewcomerJoinsAnotherOrganizationByAnInviteToTheirAddressAndInNoOtherWay(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	b, owner := w.newcomer("ada")
	owner.mustMutate(memberInvite, owner.invite("carol@example.com", "ANALYST"))
	token := b.token("carol@example.com", 0)
	stranger := w.browser("203.0.113.9")
	if status, _ := stranger.post("signup", vars{"email": "eve@example.com", "password": password, "invite": token}); status != http.StatusGone {
		t.Errorf("with the invite of another address: %d", status)
	}
	c := w.browser("198.51.100.7")
	c.must("signup", vars{"email": "carol@example.com", "password": password, "invite": token})
	c.must("verify-email", vars{"token": c.token("carol@example.com", 1)})
	carol := c.signIn("carol@example.com", password)
	if carol.organization != owner.organization {
		t.Errorf("carol is in %v", carol.organization)
	}
	if role := w.rows(`SELECT count(*) FROM switchboard.memberships WHERE user_id = $1 AND role = 'ANALYST'`, carol.user); role != 1 {
		t.Error("carol is no analyst, or in more than one organization")
	}
}

func TestNobodyGivesARoleAboveTheirOwnOrTouchesWhoIsAboveThem(t *testing.T) {
	t.Parallel()
	a := start(t)
	owner, admin, operator := a.person("ours", "OWNER"), a.person("ours", "ADMIN"), a.person("ours", "OPERATOR")
	to := func(p *person, role string) vars { return vars{"in": vars{"membershipId": p.own(), "role": role}} }
	for name, got := range map[string]string{
		"an admin makes an owner":     admin.code(roleChange, to(operator, "OWNER")),
		"an admin makes themselves":   admin.code(roleChange, to(admin, "OWNER")),
		"an admin lowers an owner":    admin.code(roleChange, to(owner, "VIEWER")),
		"an admin removes an owner":   admin.code(memberOut, vars{"id": owner.own()}),
		"an admin invites an owner":   admin.code(memberInvite, admin.invite("x@example.com", "OWNER")),
		"an operator promotes":        operator.code(roleChange, to(operator, "ADMIN")),
		"an operator removes":         operator.code(memberOut, vars{"id": admin.own()}),
		"an operator invites":         operator.code(memberInvite, operator.invite("x@example.com", "VIEWER")),
		"an operator reads the audit": operator.fails(`query($s: String!) { organization(slug: $s) { auditLog { nodes { id } } } }`, vars{"s": "ours"}),
		"an operator reads invites":   operator.fails(`query($s: String!) { organization(slug: $s) { invites { nodes { id } } } }`, vars{"s": "ours"}),
		"an operator reads tokens":    operator.fails(`query($s: String!) { organization(slug: $s) { apiTokens { nodes { id } } } }`, vars{"s": "ours"}),
	} {
		if got != "FORBIDDEN" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, got := range map[string]string{
		"the last owner leaves":     owner.code(leave, vars{"id": owner.organization.String()}),
		"the last owner is lowered": owner.code(roleChange, to(owner, "ADMIN")),
		"the last owner is removed": owner.code(memberOut, vars{"id": owner.own()}),
	} {
		if got != "CONFLICT" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if code := admin.code(roleChange, to(operator, "ADMIN")); code != "" {
		t.Errorf("an admin makes an admin: %q", code)
	}
	if code := owner.code(roleChange, to(admin, "OWNER")); code != "" {
		t.Errorf("an owner makes an owner: %q", code)
	}
	if code := owner.code(leave, vars{"id": owner.organization.String()}); code != "" {
		t.Errorf("one of two owners leaves: %q", code)
	}
	admin.logged("MEMBER_LEFT", "MEMBER_ROLE_CHANGED")
	if code := owner.code(roleChange, to(operator, "VIEWER")); code != "NOT_FOUND" {
		t.Errorf("who left still manages: %q", code)
	}
}

func TestTheChosenOrganizationIsRememberedOnEveryDevice(t *testing.T) {
	t.Parallel()
	w := startTown(t)
	_, p := w.newcomer("ada")
	made := p.mustMutate(`mutation { organizationCreate(input: {name: "Second Harbor"}) {
		organization { id slug viewerRole members { nodes { id organization { id } } } } userErrors { code message } } }`, nil)
	p.must(`mutation($id: ID!) { viewerOrganizationSelect(organizationId: $id) { viewer { organization { id } } userErrors { code message } } }`, vars{"id": made}, nil)
	other := w.browser("203.0.113.40").signIn("ada@example.com", password)
	if other.organization.String() != made {
		t.Errorf("another device looks at %s, want %s", other.organization, made)
	}
	id, problems := p.mutate(`mutation($in: ViewerUpdateInput!) { viewerUpdate(input: $in) { user { id name avatarUrl } userErrors { code message path } } }`,
		vars{"in": vars{"name": "Ada L.", "avatarUrl": "javascript:alert(1)"}})
	if id != "" || len(problems) != 1 || problems[0].Code != "INVALID" {
		t.Errorf("a script as a picture: %s %v", id, problems)
	}
	p.mustMutate(`mutation($in: ViewerUpdateInput!) { viewerUpdate(input: $in) { user { id } userErrors { code message } } }`, vars{"in": vars{"name": "Ada L."}})
	var name string
	if w.scan(&name, `SELECT name FROM switchboard.users WHERE id = $1`, p.user); name != "Ada L." {
		t.Errorf("name %q", name)
	}
}

func TestADeletedOrganizationIsGoneAtOnceAndItsAudioFollows(t *testing.T) {
	t.Parallel()
	a := start(t)
	owner, admin, gone := a.person("ours", "OWNER"), a.person("ours", "ADMIN"), a.person("ours", "VIEWER")
	owner.becomes(owner.transcribe(), "COMPLETED")
	gone.mustMutate(leave, vars{"id": gone.organization.String()})
	made := owner.mustMutate(organizationCreate, vars{"in": vars{"name": "Another"}})
	del := `mutation($in: OrganizationDeleteInput!) { organizationDelete(input: $in) { organizationId userErrors { code message path } } }`
	in := func(slug string) vars {
		return vars{"in": vars{"organizationId": owner.organization.String(), "slug": slug}}
	}
	if code := admin.code(del, in("ours")); code != "FORBIDDEN" {
		t.Errorf("an admin: %q", code)
	}
	if code := owner.code(del, in("theirs")); code != "INVALID" {
		t.Errorf("without typing the slug: %q", code)
	}
	if code := owner.code(del, in("ours")); code != "" {
		t.Fatalf("the owner: %q", code)
	}
	var out struct{ Organization *struct{ ID string } }
	admin.must(`{ organization(slug: "ours") { id } }`, nil, &out)
	if out.Organization != nil {
		t.Error("it is still to be seen")
	}
	eventually(t, "the organization's rows to go", func() bool {
		a.exec(`UPDATE river.river_job SET scheduled_at = now(), state = 'available' WHERE kind = 'identity.organization_closed' AND state = 'scheduled'`)
		return a.rows(`SELECT (SELECT count(*) FROM switchboard.organizations WHERE id = $1) + (SELECT count(*) FROM switchboard.recordings)
			+ (SELECT count(*) FROM switchboard.activity_events WHERE organization_id = $1)`, owner.organization.UUID) == 0
	})
	if left, err := os.ReadDir(filepath.Join(a.blobs, "objects")); err != nil || len(left) != 0 {
		t.Errorf("audio is left: %v, %v", left, err)
	}
	// What its own audit log cannot say any more, the operator can.
	said, err := a.command("audit")
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(said), "\n")[1:] {
		lines = append(lines, strings.Join(strings.Fields(line)[1:], " "))
	}
	did := func(p *person, what, slug, organization string, members int) string {
		return fmt.Sprintf("%s %s %s %d %s@example.com %s", what, slug, organization, members, p.user, ids.Of(ids.User, p.user))
	}
	want := []string{
		did(owner, "DELETED", "ours", owner.organization.String(), 2), did(owner, "CREATED", "another", made, 1), did(gone, "LEFT", "ours", owner.organization.String(), 3),
	}
	if err != nil || !slices.Equal(lines, want) {
		t.Errorf("the register says %v\n%s\nwant %v", err, strings.Join(lines, "\n"), want)
	}
	if said, err := a.command("audit", "ours", "--json"); err != nil || strings.Count(said, "\n") != 2 || !strings.Contains(said, `"what":"DELETED"`) {
		t.Errorf("of that one: %v %s", err, said)
	}
}

package test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

type entry struct {
	ID, Type, Summary, SubjectID string
	Actor                        struct{ User *struct{ ID string } }
	Detail                       []struct{ Name, Value string }
}

func (p *person) audit(types ...string) []entry {
	p.t.Helper()
	var out struct {
		Organization struct{ AuditLog struct{ Nodes []entry } }
	}
	p.must(`query($s: String!, $t: [ActivityType!]) { organization(slug: $s) { auditLog(first: 100, types: $t) { nodes {
		id type summary subjectId actor { user { id } } detail { name value } } } } }`, vars{"s": p.slug, "t": types}, &out)
	return out.Organization.AuditLog.Nodes
}

// logged says that lines of these types stand in the log of a person's organization.
func (p *person) logged(types ...string) {
	p.t.Helper()
	seen := map[string]bool{}
	for _, e := range p.audit(types...) {
		seen[e.Type] = true
	}
	for _, want := range types {
		if !seen[want] {
			p.t.Errorf("%s is not in the audit log", want)
		}
	}
}

func TestWhatIsDoneAboutMembersAndWaysInStandsInTheAuditLogForAdminsOnly(t *testing.T) {
	t.Parallel()
	a := start(t)
	owner, other := a.person("ours", "OWNER"), a.person("ours", "OPERATOR")
	org := owner.organization.String()
	owner.mustMutate(memberInvite, owner.invite("bob@example.com", "VIEWER"))
	var invited struct {
		Organization struct {
			Invites struct {
				Nodes []struct {
					ID, Email, Role string
					ExpiresAt       time.Time
				}
			}
		}
	}
	owner.must(`{ organization(slug: "ours") { invites { nodes { id email role expiresAt invitedBy { id } } } } }`, nil, &invited)
	if n := invited.Organization.Invites.Nodes; len(n) != 1 || n[0].Email != "bob@example.com" || time.Until(n[0].ExpiresAt).Round(24*time.Hour) != 7*24*time.Hour {
		t.Fatalf("invites %v", n)
	}
	for query, v := range map[string]vars{
		inviteCancel: {"id": invited.Organization.Invites.Nodes[0].ID},
		roleChange:   {"in": vars{"membershipId": other.own(), "role": "ANALYST"}},
		`mutation($id: ID!) { viewerOrganizationSelect(organizationId: $id) { userErrors { code message } } }`:       {"id": org},
		`mutation { viewerUpdate(input: {name: "Owner"}) { userErrors { code message } } }`:                          nil,
		`mutation($in: ApiTokenCreateInput!) { apiTokenCreate(input: $in) { userErrors { code message } } }`:         {"in": vars{"organizationId": org, "name": "ci", "role": "VIEWER"}},
		`mutation($in: SsoDomainInput!) { ssoDomainAdd(input: $in) { userErrors { code message } } }`:                {"in": vars{"organizationId": org, "domain": "example.com"}},
		`mutation($in: SsoConnectionSetInput!) { ssoConnectionSet(input: $in) { userErrors { code message } } }`:     {"in": vars{"organizationId": org, "issuer": "https://login.example.com", "clientId": "c", "clientSecret": "a client secret of ours"}},
		`mutation($in: OrganizationUpdateInput!) { organizationUpdate(input: $in) { userErrors { code message } } }`: {"in": vars{"organizationId": org, "name": "Ours"}},
		`mutation { emailChange(input: {email: "x@example.net"}) { userErrors { code message } } }`:                  nil,
	} {
		if code := owner.code(query, v); code != "" {
			t.Errorf("%.60s: %q", query, code)
		}
	}
	owner.must(`mutation($id: ID!) { ssoConnectionRemove(organizationId: $id) { userErrors { code } } }`, vars{"id": org}, nil)
	owner.must(`mutation($in: SsoDomainInput!) { ssoDomainRemove(input: $in) { userErrors { code } } }`, vars{"in": vars{"organizationId": org, "domain": "example.com"}}, nil)
	seen := map[string]entry{}
	const node = `query($id: ID!) { node(id: $id) { id typename: __typename } }`
	var of struct {
		Node *struct{ ID, Typename string }
	}
	line := owner.audit("API_TOKEN_CREATED")[0]
	for id, kind := range map[string]string{line.ID: "AuditEvent", line.SubjectID: "ApiToken"} {
		if owner.must(node, vars{"id": id}, &of); of.Node == nil || of.Node.ID != id || of.Node.Typename != kind {
			t.Errorf("an admin does not find %s %s: %+v", kind, id, of.Node)
		}
		if other.must(node, vars{"id": id}, &of); of.Node != nil {
			t.Errorf("an operator finds %s", id)
		}
	}
	owner.mustMutate(memberOut, vars{"id": other.own()})
	for _, e := range owner.audit() {
		seen[e.Type] = e
		if e.Summary == "" || e.Summary == e.Type || e.Actor.User == nil || e.Actor.User.ID != ids.Of(ids.User, owner.user).String() {
			t.Errorf("%+v", e)
		}
	}
	for _, want := range []string{"MEMBER_INVITED", "INVITE_CANCELED", "MEMBER_ROLE_CHANGED", "ORGANIZATION_SELECTED", "PROFILE_UPDATED", "EMAIL_CHANGE_REQUESTED", "API_TOKEN_CREATED",
		"SSO_DOMAIN_ADDED", "SSO_CHANGED", "SSO_DOMAIN_REMOVED", "SSO_REMOVED", "MEMBER_REMOVED", "ORGANIZATION_UPDATED"} {
		if _, there := seen[want]; !there {
			t.Errorf("%s is missing", want)
		}
	}
	if d := seen["MEMBER_ROLE_CHANGED"].Detail; len(d) != 4 || d[0].Value != "OPERATOR" || d[2].Value != "ANALYST" {
		t.Errorf("the change of a role: %v", d)
	}
	if d := seen["ORGANIZATION_UPDATED"].Detail; len(d) != 1 || d[0].Value != "name" {
		t.Errorf("what of the organization changed: %v", d)
	}
	if some := owner.audit("SSO_CHANGED"); len(some) != 1 {
		t.Errorf("filtered: %v", some)
	}
	var feed struct {
		Organization struct {
			Activity struct{ Nodes []struct{ Type string } }
		}
	}
	owner.must(`{ organization(slug: "ours") { activity { nodes { type } } } }`, nil, &feed)
	for _, e := range feed.Organization.Activity.Nodes {
		if _, audited := seen[e.Type]; audited && e.Type != "ORGANIZATION_UPDATED" { // members see that it changed, admins what
			t.Errorf("%s stands in every member's feed", e.Type)
		}
	}
}

func TestTheAuditLogCannotBeChangedOrCutByAnyStatementBeforeItsTime(t *testing.T) {
	t.Parallel()
	a := start(t)
	owner := a.person("ours", "OWNER")
	owner.mustMutate(memberInvite, owner.invite("bob@example.com", "VIEWER"))
	owner.mustMutate(organizationCreate, vars{"in": vars{"name": "Another"}})
	a.sql(func(ctx context.Context, conn *pgx.Conn) error {
		for _, statement := range []string{
			"UPDATE switchboard.activity_events SET actor_id = NULL WHERE audience = 'AUDIT'",
			"UPDATE switchboard.activity_events SET audience = 'MEMBERS' WHERE audience = 'AUDIT'",
			"UPDATE switchboard.activity_events SET occurred_at = 'epoch' WHERE audience = 'AUDIT'",
			"DELETE FROM switchboard.activity_events WHERE audience = 'AUDIT'",
			"UPDATE switchboard.organization_register SET actor_email = 'x'",
			"DELETE FROM switchboard.organization_register",
		} {
			if _, err := conn.Exec(ctx, statement); err == nil {
				t.Errorf("it was let through: %s", statement)
			}
		}
		return nil
	})
	if len(owner.audit("MEMBER_INVITED")) != 1 {
		t.Error("a line is gone")
	}
}

func TestPasswordsAndTokensStandInNoRowAndNoLineOfTheLog(t *testing.T) {
	t.Parallel()
	w := startTown(t, "LOG_LEVEL=debug")
	b, p := w.newcomer("ada")
	secrets := map[string]string{"the password": password, "the session": p.token}
	mails := len(w.mail.Messages("ada@example.com"))
	b.must("forgot-password", vars{"email": "ada@example.com"})
	secrets["the reset link"] = b.token("ada@example.com", mails)
	p.mustMutate(memberInvite, p.invite("bob@example.com", "VIEWER"))
	secrets["the invite"] = b.token("bob@example.com", 0)
	var out struct {
		APITokenCreate struct{ Secret string } `json:"apiTokenCreate"`
	}
	org := p.organization.String()
	p.must(`mutation($in: ApiTokenCreateInput!) { apiTokenCreate(input: $in) { secret } }`, vars{"in": vars{"organizationId": org, "name": "ci", "role": "VIEWER"}}, &out)
	secrets["the API token"] = out.APITokenCreate.Secret
	p.with(out.APITokenCreate.Secret).lives()
	secrets["the client secret"] = "a client secret of ours"
	p.must(`mutation($in: SsoConnectionSetInput!) { ssoConnectionSet(input: $in) { userErrors { code } } }`,
		vars{"in": vars{"organizationId": org, "issuer": "https://login.example.com", "clientId": "c", "clientSecret": secrets["the client secret"]}}, nil)
	secrets["a wrong password"] = "a guess that is wrong 91"
	b.try("ada@example.com", secrets["a wrong password"])
	for _, text := range []string{b.must("ws-ticket", vars{})} {
		secrets["the ticket"] = text[strings.Index(text, "swt_"):][:40]
	}
	b.post("reset-password", vars{"token": secrets["the reset link"], "password": "a new and secret word"})
	secrets["the new password"] = "a new and secret word"
	w.settled("identity.letter")
	rows := w.everyRow()
	if !strings.Contains(rows, "ada@example.com") {
		t.Fatal("the rows were not read")
	}
	for name, secret := range secrets {
		if strings.Contains(rows, secret) {
			t.Errorf("%s stands in a row", name)
		}
		if strings.Contains(w.output.String(), secret) {
			t.Errorf("%s stands in the log", name)
		}
	}
}

// everyRow is all that the database holds, as text; bytea also as what it spells.
func (a *app) everyRow() string {
	a.t.Helper()
	var all strings.Builder
	a.sql(func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT table_schema || '.' || table_name FROM information_schema.tables
			WHERE table_schema IN ('switchboard', 'river') AND table_type = 'BASE TABLE'`)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		for _, table := range tables {
			var text string
			if err := conn.QueryRow(ctx, `SELECT coalesce(string_agg(t::text || encode(convert_to(t::text, 'UTF8'), 'escape'), E'\n'), '') FROM `+table+` t`).Scan(&text); err != nil {
				return err
			}
			all.WriteString(text)
		}
		return nil
	})
	return all.String()
}

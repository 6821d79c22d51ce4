package test

import (
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/ids"
)

func TestAnApiTokenActsInItsOrganizationInItsRoleUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	a := start(t)
	admin, operator := a.person("ours", "ADMIN"), a.person("ours", "OPERATOR")
	create := `mutation($in: ApiTokenCreateInput!) { apiTokenCreate(input: $in) { apiToken { id prefix lastUsedAt } secret userErrors { code message path } } }`
	in := func(role string, days int) vars {
		return vars{"in": vars{"organizationId": admin.organization.String(), "name": "nightly", "role": role, "expiresInDays": days}}
	}
	if code := admin.code(create, in("OWNER", 1)); code != "FORBIDDEN" {
		t.Errorf("a role above one's own: %q", code)
	}
	if code := operator.code(create, in("VIEWER", 1)); code != "FORBIDDEN" {
		t.Errorf("an operator: %q", code)
	}
	if code := admin.code(create, in("VIEWER", 400)); code != "INVALID" {
		t.Errorf("for ever: %q", code)
	}
	var out struct {
		APITokenCreate struct {
			APIToken struct{ ID, Prefix string }
			Secret   string
		} `json:"apiTokenCreate"`
	}
	admin.must(create, in("OPERATOR", 30), &out)
	made := out.APITokenCreate
	script := admin.with(made.Secret)
	if !strings.HasPrefix(made.Secret, made.APIToken.Prefix) || len(made.APIToken.Prefix) > 8 {
		t.Errorf("prefix %s", made.APIToken.Prefix)
	}
	if n := a.rows(`SELECT count(*) FROM switchboard.api_tokens t WHERE t::text LIKE '%' || $1 || '%'`, made.Secret[8:]); n != 0 {
		t.Error("the token itself is kept")
	}
	upload, _ := script.begin(100)
	var used struct {
		Organization struct {
			APITokens struct {
				Nodes []struct{ LastUsedAt *time.Time }
			} `json:"apiTokens"`
		}
	}
	admin.must(`{ organization(slug: "ours") { apiTokens { nodes { lastUsedAt } } } }`, nil, &used)
	if list := used.Organization.APITokens.Nodes; upload == "" || len(list) != 1 || list[0].LastUsedAt == nil || time.Since(*list[0].LastUsedAt) > patience {
		t.Errorf("it cannot act, or nobody sees that it did: %+v", list)
	}
	for query, v := range map[string]vars{
		`mutation($in: OrganizationUpdateInput!) { organizationUpdate(input: $in) { organization { id } userErrors { code message } } }`: {"in": vars{"organizationId": admin.organization.String(), "name": "x"}},
		create: in("VIEWER", 1),
		`mutation { sessionsRevokeAll { userErrors { code message } } }`: nil,
	} {
		if code := script.code(query, v); code != "FORBIDDEN" {
			t.Errorf("%.50s: %q", query, code)
		}
	}
	if theirs := a.person("others", "OWNER"); script.code(leave, vars{"id": theirs.organization.String()}) != "NOT_FOUND" {
		t.Error("it sees another organization")
	}
	closed := script.socket()
	revoke := `mutation($id: ID!) { apiTokenRevoke(id: $id) { apiTokenId userErrors { code message } } }`
	if code := operator.code(revoke, vars{"id": made.APIToken.ID}); code != "FORBIDDEN" {
		t.Errorf("an operator revokes: %q", code)
	}
	admin.must(revoke, vars{"id": made.APIToken.ID}, nil)
	wantClosed(t, "the API token was revoked", closed)
	if script.lives() {
		t.Error("it still opens")
	}
	admin.logged("API_TOKEN_CREATED", "API_TOKEN_REVOKED")
	admin.must(create, in("ADMIN", 1), &out)
	last := admin.with(out.APITokenCreate.Secret)
	if !last.lives() {
		t.Fatal("the second token does not open")
	}
	a.exec(`UPDATE switchboard.memberships SET role = 'VIEWER' WHERE id = $1`, mustUUID(t, admin.own()))
	if code := last.code(memberOut, vars{"id": operator.own()}); code != "FORBIDDEN" {
		t.Errorf("it can do more than who made it: %q", code)
	}
	a.exec(`UPDATE switchboard.api_tokens SET expires_at = now()`)
	if last.lives() {
		t.Error("it outlives its end")
	}
}

// with is the same person by another token.
func (p *person) with(token string) *person {
	other := *p
	other.token = token
	other.Client = p.app.clientOf(token)
	return &other
}

func mustUUID(t *testing.T, id string) any {
	t.Helper()
	parsed, err := ids.Parse(id)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.UUID
}

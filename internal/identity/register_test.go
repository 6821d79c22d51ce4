package identity

import (
	"testing"
	"time"
)

func TestTheRegisterIsKeptAsLongAsTheAuditLogAndFindsAnOrganizationByEachNameItHad(t *testing.T) {
	t.Parallel()
	r := open(t, func(d *Deps) { d.AuditFor = 30 * 24 * time.Hour })
	for _, line := range []struct{ slug, age string }{{"forgotten", "31 days"}, {"old-name", "29 days"}, {"new-name", "1 day"}, {"another", "0"}} {
		r.execute(t, `INSERT INTO switchboard.organization_register (id, organization_id, slug, what, actor_id, actor_email, members, occurred_at)
			VALUES (gen_random_uuid(), CASE $1 WHEN 'another' THEN gen_random_uuid() ELSE $2 END, $1, 'CREATED', $3, 'ada@example.com', 1, now() - $4::interval)`,
			line.slug, r.OrganizationID.UUID, r.UserID.UUID, line.age)
	}
	if err := r.clean(t.Context()); err != nil {
		t.Fatal(err)
	}
	for named, want := range map[string]int{"": 3, "old-name": 2, "new-name": 2, r.OrganizationID.String(): 2, r.OrganizationID.UUID.String(): 2, "another": 1, "forgotten": 0, "nonsense": 0} {
		if list, err := r.Register(t.Context(), named, 50); err != nil || len(list) != want {
			t.Errorf("named %q: %d lines, want %d: %v", named, len(list), want, err)
		}
	}
	if list, _ := r.Register(t.Context(), "", 1); len(list) != 1 || list[0].Slug != "another" {
		t.Errorf("the newest: %+v", list)
	}
}

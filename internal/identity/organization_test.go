package identity

import (
	"slices"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/page"
)

func (r *room) update(t *testing.T, c Change) *Organization {
	t.Helper()
	c.OrganizationID = r.OrganizationID
	changed, err := r.Update(t.Context(), r.session(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestAnUpdateChangesWhatItNamesClearsWhatItClearsAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	r := open(t)
	all := r.update(t, Change{
		Name: ref(" Harbor "), TranscribeUploads: ref(false), Language: &Optional[string]{ref("en_us")}, Analysis: &Optional[[]Analysis]{&[]Analysis{Speakers, Topics}},
	})
	if s := all.Settings; all.Name != "Harbor" || s.TranscribeUploads || *s.LanguageCode != "en_us" || !slices.Equal(s.Analysis, []Analysis{Speakers, Topics}) {
		t.Errorf("all: %+v", all)
	}
	left := r.update(t, Change{TranscribeUploads: ref(true)})
	if s := left.Settings; left.Name != "Harbor" || !s.TranscribeUploads || *s.LanguageCode != "en_us" || len(s.Analysis) != 2 {
		t.Errorf("one of them: %+v", left)
	}
	none := r.update(t, Change{Analysis: &Optional[[]Analysis]{&[]Analysis{}}})
	if none.Settings.Analysis == nil || len(none.Settings.Analysis) != 0 {
		t.Errorf("no analysis at all is something else than the operator's choice: %+v", none)
	}
	cleared := r.update(t, Change{Language: &Optional[string]{}, Analysis: &Optional[[]Analysis]{}})
	if s := cleared.Settings; s.LanguageCode != nil || s.Analysis != nil || cleared.Name != "Harbor" {
		t.Errorf("cleared: %+v", cleared)
	}
	if events := r.number(t, "SELECT count(*) FROM switchboard.activity_events WHERE type = 'ORGANIZATION_UPDATED' AND audience = 'MEMBERS'"); events != 4 {
		t.Errorf("%d events of 4 updates", events)
	}
}

func TestAnUpdateThatIsNotRightChangesAndRecordsNothing(t *testing.T) {
	t.Parallel()
	r := open(t)
	for name, test := range map[string]struct {
		change Change
		field  string
	}{
		"empty name":   {Change{Name: ref(" ")}, "name"},
		"long name":    {Change{Name: ref(strings.Repeat("é", maxName+1))}, "name"},
		"unstorable":   {Change{Name: ref("a\x00b")}, "name"},
		"bad language": {Change{Language: &Optional[string]{ref("english")}}, "languageCode"},
	} {
		test.change.OrganizationID = r.OrganizationID
		_, err := r.Update(t.Context(), r.session(t), test.change)
		if f := fault.As(err); f == nil || f.Code != fault.CodeInvalid || f.Field != test.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	analyst := r.plant(t, Seed{Email: "grace@example.com", UserName: "Grace", Organization: seed.Organization, Slug: seed.Slug, Role: access.Operator})
	claims := r.claims()
	claims.Subject = analyst.UserID.UUID.String()
	viewer, err := r.Session(t.Context(), claims)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Update(t.Context(), viewer, Change{OrganizationID: r.OrganizationID, Name: ref("Mine")}); !fault.Is(err, fault.CodeForbidden) {
		t.Errorf("below an admin: %v", err)
	}
	if changed := r.number(t, "SELECT count(*) FROM switchboard.activity_events"); changed != 0 {
		t.Errorf("%d changes were recorded", changed)
	}
}

func TestTheLongestNameIsTaken(t *testing.T) {
	t.Parallel()
	r := open(t)
	if name := strings.Repeat("é", maxName); r.update(t, Change{Name: &name}).Name != name {
		t.Error("a name of the longest length was changed")
	}
}

func TestAnotherOrganizationIsAsIfItWereNotThere(t *testing.T) {
	t.Parallel()
	r := open(t)
	theirs := r.plant(t, Seed{Email: "grace@example.com", UserName: "Grace", Organization: "Rivals", Slug: "rivals", Role: access.Owner})
	viewer := r.session(t)
	_, bySlug := r.Organization(t.Context(), viewer, "rivals")
	_, byUser := r.User(t.Context(), viewer, theirs.UserID)
	_, members := r.Members(t.Context(), viewer, theirs.OrganizationID, page.Args{First: 1})
	_, update := r.Update(t.Context(), viewer, Change{OrganizationID: theirs.OrganizationID, Name: ref("Ours")})
	for name, err := range map[string]error{"slug": bySlug, "user": byUser, "members": members, "update": update} {
		if !fault.Is(err, fault.CodeNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

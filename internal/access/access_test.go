package access_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// ladder is every role, lowest first.
func ladder() []access.Role {
	return []access.Role{access.Viewing, access.Analyst, access.Operator, access.Admin, access.Owner}
}

func member(role access.Role, organizations ...uuid.UUID) access.Viewer {
	v := access.Viewer{UserID: uuid.UUID{1}}
	for _, o := range organizations {
		v.Memberships = append(v.Memberships, access.Membership{OrganizationID: o, Role: role})
	}
	return v
}

func TestEachRoleReachesItselfAndAllBelow(t *testing.T) {
	t.Parallel()
	for i, role := range ladder() {
		for j, least := range ladder() {
			if role.Reaches(least) != (i >= j) {
				t.Errorf("%s reaches %s: %v", role, least, role.Reaches(least))
			}
		}
		for _, strange := range []access.Role{"", "owner", "ROOT"} {
			if strange.Reaches(role) {
				t.Errorf("%q reaches %s", strange, role)
			}
		}
	}
	if access.Role("").Reaches("") || access.Role("ROOT").Reaches("ROOT") {
		t.Error("a role that there is not reaches something")
	}
}

func TestAScopeIsGivenToMembersWhoseRoleReaches(t *testing.T) {
	t.Parallel()
	ours, theirs := uuid.UUID{7}, uuid.UUID{8}
	for i, role := range ladder() {
		v := member(role, uuid.UUID{6}, ours)
		for j, least := range ladder() {
			scope, err := v.Scope(ids.Of(ids.Organization, ours), least)
			if i >= j && (err != nil || scope != (access.Scope{OrganizationID: ours, UserID: v.UserID, Role: role})) {
				t.Errorf("%s where %s is needed: %+v, %v", role, least, scope, err)
			}
			if i < j && (!fault.Is(err, fault.CodeForbidden) || scope != (access.Scope{})) {
				t.Errorf("%s where %s is needed: %+v, %v", role, least, scope, err)
			}
			for _, hidden := range []ids.ID{ids.Of(ids.Organization, theirs), ids.Of(ids.Recording, ours), {UUID: ours}, {}} {
				if scope, err := v.Scope(hidden, least); !fault.Is(err, fault.CodeNotFound) || scope != (access.Scope{}) {
					t.Errorf("%s in %v: %+v, %v", role, hidden, scope, err)
				}
			}
		}
	}
}

func TestNobodyIsAskedToSignInWhateverTheyName(t *testing.T) {
	t.Parallel()
	ours := uuid.UUID{7}
	nobody := member(access.Owner, ours)
	nobody.UserID = uuid.Nil
	for _, id := range []ids.ID{ids.Of(ids.Organization, ours), ids.Of(ids.Organization, uuid.UUID{8}), {}} {
		if scope, err := nobody.Scope(id, access.Viewing); !fault.Is(err, fault.CodeUnauthenticated) || scope != (access.Scope{}) {
			t.Errorf("%v: %+v, %v", id, scope, err)
		}
		if nobody.RoleIn(id) != "" {
			t.Errorf("%v: nobody is %s", id, nobody.RoleIn(id))
		}
	}
	if nobody.SignedIn() {
		t.Error("the viewer without a user is signed in")
	}
}

func TestScreensOfferWhatTheRoleMay(t *testing.T) {
	t.Parallel()
	for role, want := range map[access.Role][]access.Permission{
		"": {}, "ROOT": {}, access.Viewing: {}, access.Analyst: {}, access.Operator: {access.CallWrite, access.Transcribe},
		access.Admin: {access.CallWrite, access.Transcribe, access.RecordingDelete, access.RecordingHold, access.InboxManage, access.OrganizationUpdate, access.BillingManage, access.MemberManage, access.AuditRead},
		access.Owner: {access.CallWrite, access.Transcribe, access.RecordingDelete, access.RecordingHold, access.InboxManage, access.OrganizationUpdate, access.BillingManage, access.MemberManage, access.AuditRead, access.OrganizationDelete},
	} {
		if got := role.Permissions(); got == nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", role, got, want)
		}
	}
}

func TestTheOnlyOrganizationNeedsNoChoice(t *testing.T) {
	t.Parallel()
	a, b := uuid.UUID{7}, uuid.UUID{8}
	if member(access.Owner, a).Current() != a || member(access.Owner, a, b).Current() != uuid.Nil || member(access.Owner).Current() != uuid.Nil {
		t.Error("chosen where there is a choice, or not where there is none")
	}
	if got := member(access.Owner, a, b).Organizations(); !slices.Equal(got, []uuid.UUID{a, b}) {
		t.Errorf("organizations: %v", got)
	}
	if got := (access.Viewer{}).Organizations(); got == nil || len(got) != 0 {
		t.Errorf("nobody's organizations: %#v", got) // nil would be NULL in SQL, where = ANY(NULL) is not false
	}
}

func TestTheChosenOrganizationIsTheCurrentOneWhileOneBelongsToIt(t *testing.T) {
	t.Parallel()
	a, b, left := uuid.UUID{7}, uuid.UUID{8}, uuid.UUID{9}
	v := member(access.Owner, a, b)
	v.Chosen = b
	if v.Current() != b {
		t.Errorf("current: %v", v.Current())
	}
	if v.Chosen = left; v.Current() != uuid.Nil {
		t.Errorf("one that was left: %v", v.Current())
	}
}

func TestRolesAreGivenUpToOnesOwnAndByAdminsOnly(t *testing.T) {
	t.Parallel()
	roles := []access.Role{access.Viewing, access.Analyst, access.Operator, access.Admin, access.Owner}
	for i, giver := range roles {
		for j, given := range roles {
			if got, want := giver.Grants(given), i >= 3 && j <= i; got != want {
				t.Errorf("%s grants %s: %t", giver, given, got)
			}
			if got, want := access.Lower(giver, given), roles[min(i, j)]; got != want {
				t.Errorf("the lower of %s and %s is %s", giver, given, got)
			}
		}
		if giver.Grants("ROOT") || giver.Grants("") || access.Role("ROOT").Grants(giver) {
			t.Errorf("%s and a role that is none", giver)
		}
	}
}

func TestALostOrChangedRoleIsNoticedAndANewOneIsNot(t *testing.T) {
	t.Parallel()
	a, b := uuid.UUID{7}, uuid.UUID{8}
	before := member(access.Admin, a)
	if !member(access.Admin, a).Keeps(before) || !member(access.Admin, a, b).Keeps(before) {
		t.Error("nothing was lost")
	}
	if member(access.Owner, a).Keeps(before) || member(access.Admin, b).Keeps(before) || (access.Viewer{}).Keeps(before) {
		t.Error("a change is not noticed")
	}
}

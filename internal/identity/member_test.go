package identity

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

var roles = []access.Role{access.Viewing, access.Analyst, access.Operator, access.Admin, access.Owner}

// crew is some members of Harbor Dental, with the viewer that each had when the test began.
func (r *room) crew(t *testing.T, owners int) (viewers []access.Viewer, memberships []ids.ID) {
	t.Helper()
	for i := range 6 {
		role := access.Admin
		if i < owners {
			role = access.Owner
		}
		p := r.plant(t, Seed{Email: fmt.Sprintf("m%d@example.com", i), UserName: "M", Organization: "Harbor Dental", Slug: "harbor-dental", Role: role})
		claims := r.claims()
		claims.Subject = p.UserID.UUID.String()
		v, err := r.Session(t.Context(), claims)
		if err != nil {
			t.Fatal(err)
		}
		viewers, memberships = append(viewers, v), append(memberships, ids.Of(ids.Membership, v.Memberships[0].ID))
	}
	return viewers, memberships
}

func TestAnOwnerIsLeftWhateverManyDoAtOnce(t *testing.T) {
	t.Parallel()
	for round := range 4 {
		r := open(t)
		viewers, memberships := r.crew(t, 3)
		viewers, memberships = append(viewers, r.session(t)), append(memberships, ids.Of(ids.Membership, r.session(t).Memberships[0].ID))
		var all sync.WaitGroup
		for i, v := range viewers {
			all.Go(func() {
				dice := rand.New(rand.NewPCG(uint64(round), uint64(i)))
				for range 12 {
					var err error
					switch whom := memberships[dice.IntN(len(memberships))]; dice.IntN(4) {
					case 0:
						_, err = r.RemoveMember(t.Context(), v, whom)
					case 1:
						_, err = r.Leave(t.Context(), v, r.OrganizationID)
					default:
						_, err = r.ChangeRole(t.Context(), v, whom, roles[dice.IntN(len(roles))])
					}
					if err != nil && fault.As(err) == nil {
						t.Errorf("round %d: %v", round, err)
					}
				}
			})
		}
		all.Wait()
		if n := r.number(t, "SELECT count(*) FROM switchboard.memberships WHERE role = 'OWNER'"); n < 1 {
			t.Errorf("round %d: no owner is left", round)
		}
	}
}

func TestTwoOwnersWhoLeaveAtOnceLeaveOneBehind(t *testing.T) {
	t.Parallel()
	r := open(t)
	viewers, _ := r.crew(t, 6)
	viewers = append(viewers, r.session(t))
	var all sync.WaitGroup
	errs := make([]error, len(viewers))
	for i, v := range viewers {
		all.Go(func() { _, errs[i] = r.Leave(t.Context(), v, r.OrganizationID) })
	}
	all.Wait()
	stayed := 0
	for _, err := range errs {
		if fault.Is(err, fault.CodeConflict) {
			stayed++
		} else if err != nil {
			t.Error(err)
		}
	}
	if n := r.number(t, "SELECT count(*) FROM switchboard.memberships"); stayed != 1 || n != 1 {
		t.Errorf("%d were refused, %d members are left", stayed, n)
	}
}

func TestWhoWasLoweredAMomentAgoCanNoLongerUseTheOldRole(t *testing.T) {
	t.Parallel()
	r := open(t)
	viewers, memberships := r.crew(t, 1)
	r.execute(t, "UPDATE switchboard.memberships SET role = 'VIEWER' WHERE id = $1", memberships[0].UUID)
	_, err := r.ChangeRole(t.Context(), viewers[0], memberships[1], access.Viewing) // holds the viewer of before
	wantCode(t, "a role of before", err, fault.CodeForbidden)
	_, err = r.Invite(t.Context(), viewers[0], InviteInput{OrganizationID: r.OrganizationID, Email: "x@example.com", Role: access.Viewing})
	wantCode(t, "an invite", err, fault.CodeForbidden)
	_, _, err = r.CreateAPIToken(t.Context(), viewers[0], APITokenInput{OrganizationID: r.OrganizationID, Name: "x", Role: access.Admin, Days: 1})
	wantCode(t, "a token", err, fault.CodeForbidden)
	_, err = r.DeleteOrganization(t.Context(), viewers[0], r.OrganizationID, "harbor-dental")
	wantCode(t, "the deletion", err, fault.CodeForbidden)
}

func TestASlugFitsAnAddressAndATakenOneBecomesAnother(t *testing.T) {
	t.Parallel()
	r := open(t)
	viewer := r.session(t)
	seen := map[string]bool{"harbor-dental": true}
	for _, name := range []string{"Harbor Dental", "Harbor  Dental!", "日本", "日本", "Ada's \"very\" long name that goes on and on and does not end in a good place", "-", "É"} {
		made, joined, err := r.CreateOrganization(t.Context(), viewer, name)
		if err != nil || seen[made.Slug] || joined.RoleIn(made.ID) != access.Owner {
			t.Errorf("%q: %+v, %v", name, made, err)
			continue
		}
		seen[made.Slug] = true
	}
	_, _, err := r.CreateOrganization(t.Context(), viewer, "  ")
	wantCode(t, "no name", err, fault.CodeInvalid)
	_, _, err = r.CreateOrganization(t.Context(), access.Viewer{UserID: uuid.New(), APIToken: uuid.New()}, "x")
	wantCode(t, "a script", err, fault.CodeForbidden)
}

package identity

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/fault"
)

func TestATokenNamesItsUserByIDOrByAddress(t *testing.T) {
	t.Parallel()
	r := open(t)
	other := r.plant(t, Seed{Email: "grace@example.com", UserName: "Grace", Organization: "Rivals", Slug: "rivals", Role: access.Viewing})
	id := r.UserID.UUID.String()
	for name, test := range map[string]struct {
		claims authjs.Claims
		want   uuid.UUID
	}{
		"id":                        {authjs.Claims{Subject: id}, r.UserID.UUID},
		"address":                   {authjs.Claims{Subject: "109", Email: "ADA@example.com "}, r.UserID.UUID},
		"verified address":          {authjs.Claims{Email: "ada@example.com", EmailVerified: ref(true)}, r.UserID.UUID},
		"unverified address":        {authjs.Claims{Email: "ada@example.com", EmailVerified: ref(false)}, nobody},
		"id before address":         {authjs.Claims{Subject: id, Email: "grace@example.com"}, r.UserID.UUID},
		"unknown id, known address": {authjs.Claims{Subject: uuid.NewString(), Email: "grace@example.com"}, other.UserID.UUID},
		"unknown":                   {authjs.Claims{Subject: uuid.NewString(), Email: "eve@example.com"}, nobody},
		"nothing":                   {authjs.Claims{}, nobody},
	} {
		test.claims.IssuedAt = r.clock
		viewer, err := r.Session(t.Context(), test.claims)
		if viewer.UserID != test.want || (err == nil) != (test.want != nobody) || err != nil && !fault.Is(err, fault.CodeUnauthenticated) {
			t.Errorf("%s: %s, %v, want %s", name, viewer.UserID, err, test.want)
		}
	}
}

func TestAnAddressNamesNobodyWhereAddressesAreNotTrusted(t *testing.T) {
	t.Parallel()
	r := open(t, func(d *Deps) { d.TrustEmail = false })
	_, err := r.Session(t.Context(), authjs.Claims{Subject: "109", Email: "ada@example.com", EmailVerified: ref(true), IssuedAt: r.clock})
	if !fault.Is(err, fault.CodeUnauthenticated) {
		t.Errorf("error = %v", err)
	}
}

func TestASessionKnowsAllMembershipsAndAUserWithoutAnyIsSignedIn(t *testing.T) {
	t.Parallel()
	r := open(t)
	second := r.plant(t, Seed{Email: seed.Email, UserName: "Ada", Organization: "Second", Slug: "second", Role: access.Analyst})
	viewer := r.session(t)
	if len(viewer.Memberships) != 2 || viewer.RoleIn(r.OrganizationID) != access.Owner || viewer.RoleIn(second.OrganizationID) != access.Analyst {
		t.Errorf("memberships %+v", viewer.Memberships)
	}
	r.execute(t, "DELETE FROM switchboard.memberships")
	if viewer = r.session(t); !viewer.SignedIn() || len(viewer.Memberships) != 0 {
		t.Errorf("viewer %+v", viewer)
	}
}

func TestADisabledUserHasNoSession(t *testing.T) {
	t.Parallel()
	r := open(t)
	viewer := r.session(t)
	r.execute(t, "UPDATE switchboard.users SET disabled_at = now()")
	if _, err := r.Session(t.Context(), r.claims()); !fault.Is(err, fault.CodeUnauthenticated) {
		t.Errorf("error = %v", err)
	}
	if err := r.Allowed(t.Context(), viewer, r.OrganizationID.UUID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("an open stream: %v", err)
	}
}

func TestEndedSessionsStayEndedAndNewOnesOpen(t *testing.T) {
	t.Parallel()
	r := open(t)
	old, oldClaims := r.session(t), r.claims()
	r.clock = r.clock.Add(time.Minute)
	r.execute(t, "UPDATE switchboard.users SET sessions_valid_after = $1", r.clock)
	if _, err := r.Session(t.Context(), oldClaims); !fault.Is(err, fault.CodeUnauthenticated) {
		t.Errorf("an old token: %v", err)
	}
	if err := r.Allowed(t.Context(), old, r.OrganizationID.UUID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("an open stream: %v", err)
	}
	if err := r.Allowed(t.Context(), r.session(t), r.OrganizationID.UUID); err != nil {
		t.Errorf("a new token: %v", err)
	}
}

func TestWhoMayNotLookAnyMoreIsTold(t *testing.T) {
	t.Parallel()
	r := open(t)
	viewer := r.session(t)
	if err := r.Allowed(t.Context(), viewer, r.OrganizationID.UUID); err != nil {
		t.Errorf("a member: %v", err)
	}
	if err := r.Allowed(t.Context(), viewer, uuid.New()); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("another organization: %v", err)
	}
	r.clock = viewer.ExpiresAt.Add(time.Second)
	if err := r.Allowed(t.Context(), viewer, r.OrganizationID.UUID); !fault.Is(err, fault.CodeUnauthenticated) {
		t.Errorf("a token that has run out: %v", err)
	}
	r.clock = viewer.IssuedAt
	r.execute(t, "DELETE FROM switchboard.memberships")
	if err := r.Allowed(t.Context(), viewer, r.OrganizationID.UUID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("a removed member: %v", err)
	}
}

func TestPlantingTwiceIsPlantingOnce(t *testing.T) {
	t.Parallel()
	r := open(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			again, err := r.Plant(t.Context(), seed)
			if err != nil || again != r.Seeded {
				t.Errorf("planted %v, %v, want %v", again, err, r.Seeded)
			}
		})
	}
	all.Wait()
	for _, table := range []string{"users", "organizations", "memberships"} {
		if rows := r.number(t, "SELECT count(*) FROM switchboard."+table); rows != 1 {
			t.Errorf("%d %s", rows, table)
		}
	}
}

func TestAMintedTokenOpensASessionOfItsUser(t *testing.T) {
	t.Parallel()
	r := open(t)
	token, err := r.Token(t.Context(), "ADA@example.com")
	if err != nil {
		t.Fatal(err)
	}
	claims, err := r.keys.FromBearer(token, r.clock)
	if err != nil {
		t.Fatal(err)
	}
	if viewer, err := r.Session(t.Context(), claims); err != nil || viewer.UserID != r.UserID.UUID || viewer.RoleIn(r.OrganizationID) != access.Owner {
		t.Errorf("viewer %+v, %v", viewer, err)
	}
	if _, err := r.Token(t.Context(), "eve@example.com"); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("for nobody: %v", err)
	}
}

func TestASeededOwnerSignsInWithTheSeededPassword(t *testing.T) {
	t.Parallel()
	r := open(t)
	with := seed
	with.Password = "12345678"
	if _, err := r.Plant(t.Context(), with); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("a common password: %v", err)
	}
	with.Password = secret
	r.plant(t, with)
	r.plant(t, seed) // once more, without one
	if err := r.signIn(t, seed.Email, secret, "a"); err != nil {
		t.Error(err)
	}
}

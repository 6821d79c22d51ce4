package graph

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/limit"
)

func newEntry(s Share, cost int) *entry {
	return &entry{share: s, cost: cost}
}

// at is what one operation of that price is told at the door of an organization.
func (s Share) at(organization uuid.UUID, cost int) error {
	return newEntry(s, cost).enter(organization)
}

func TestAnOperationIsChargedOnceToEachOrganizationThatItGetsAtAndToNoOther(t *testing.T) {
	t.Parallel()
	ours, theirs := uuid.New(), uuid.New()
	for name, share := range map[string]Share{"requests": {Requests: hourly(2)}, "cost": {Cost: hourly(20)}} {
		first := newEntry(share, 10)
		for range 100 { // rows of a list
			if err := first.enter(ours); err != nil {
				t.Fatalf("%s: within the limit: %v", name, err)
			}
		}
		if err := share.at(ours, 10); err != nil {
			t.Errorf("%s: one operation was charged more than once: %v", name, err)
		}
		if err := share.at(ours, 10); !fault.Is(err, fault.CodeLimit) || fault.As(err).RetryAfter <= 0 {
			t.Errorf("%s: above the limit: %v", name, err)
		}
		if err := share.at(theirs, 10); err != nil {
			t.Errorf("%s: another organization pays: %v", name, err)
		}
	}
}

func TestWhoBelongsToTwoOrganizationsSpendsOnlyWhereTheyGoAndAStrangerNowhere(t *testing.T) {
	t.Parallel()
	ours, theirs, strange := uuid.New(), uuid.New(), uuid.New()
	share := Share{Requests: hourly(1)}
	member := access.Viewer{UserID: uuid.New(), Entering: newEntry(share, 0).enter, Memberships: []access.Membership{
		{OrganizationID: ours, Role: access.Operator}, {OrganizationID: theirs, Role: access.Viewing},
	}}
	in := func(id uuid.UUID, least access.Role) error {
		_, err := member.Scope(ids.Of(ids.Organization, id), least)
		return err
	}
	if err := in(ours, access.Viewing); err != nil {
		t.Fatal(err)
	}
	if err := in(strange, access.Viewing); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("an organization of others: %v", err)
	}
	if err := in(theirs, access.Admin); !fault.Is(err, fault.CodeForbidden) {
		t.Errorf("without the role: %v", err)
	}
	if role := member.RoleIn(ids.Of(ids.Organization, theirs)); role != access.Viewing {
		t.Errorf("role %q", role)
	}
	for _, id := range []uuid.UUID{theirs, strange} {
		if err := share.at(id, 0); err != nil {
			t.Errorf("somebody who did not get in has spent there: %v", err)
		}
	}
	if err := share.at(ours, 0); err == nil {
		t.Error("somebody who got in has spent nothing")
	}
}

func TestASubscriptionGivesItsPlaceBackWhenItEnds(t *testing.T) {
	t.Parallel()
	ours := uuid.New()
	share := Share{Streams: limit.NewPlaces(1)}
	subscribe := func(ctx context.Context) error {
		e := newEntry(share, 0)
		e.stream = ctx
		return e.enter(ours)
	}
	ctx, end := context.WithCancel(t.Context())
	if err := subscribe(ctx); err != nil {
		t.Fatal(err)
	}
	if err := subscribe(t.Context()); !fault.Is(err, fault.CodeLimit) || fault.As(err).RetryAfter <= 0 {
		t.Errorf("above the limit: %v", err)
	}
	if err := share.at(ours, 0); err != nil {
		t.Errorf("a query was refused because of subscriptions: %v", err)
	}
	end()
	for deadline := time.Now().Add(patience); subscribe(t.Context()) != nil; { // given back apart from end
		if time.Now().After(deadline) {
			t.Fatal("the place of one that ended stays taken")
		}
		runtime.Gosched()
	}
}

package identity

import (
	"context"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/fault"
)

// Watch wakes when something about a user changed that may end what they have open. Watch first and ask
// afterwards: what changes in between is not missed. stop gives the place back.
func (s *Service) Watch(viewer access.Viewer) (woken <-chan struct{}, stop func()) {
	if s.hub == nil {
		return nil, func() {}
	}
	waiter := s.hub.Wait(viewer.UserID)
	return waiter.C, waiter.Close
}

// StillAs says whether a socket that was opened by this viewer may go on: the session lives and no role was
// taken away or changed. A membership that came is no reason to close it. Errors: Unauthenticated, Forbidden.
func (s *Service) StillAs(ctx context.Context, claims authjs.Claims, before access.Viewer) error {
	now, err := s.Session(ctx, claims)
	if err != nil {
		return err
	}
	return compare(before, now)
}

func compare(before, now access.Viewer) error {
	roles := map[access.Membership]bool{}
	for _, m := range now.Memberships {
		roles[access.Membership{OrganizationID: m.OrganizationID, Role: m.Role}] = true
	}
	for _, m := range before.Memberships {
		if !roles[access.Membership{OrganizationID: m.OrganizationID, Role: m.Role}] {
			return fault.Forbidden("Your role in an organization was changed.").Because(errEnded)
		}
	}
	return nil
}

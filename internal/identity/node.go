package identity

import (
	"context"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// OwnSession finds one of the viewer's. Error: NotFound, also for a script, which has none.
func (s *Service) OwnSession(ctx context.Context, viewer access.Viewer, id ids.ID) (*Session, error) {
	if !id.Is(ids.Session) || viewer.Person() != nil {
		return nil, fault.NotFound("session")
	}
	row, err := s.store.GetSessionRow(ctx, id.UUID, s.now())
	if err != nil || row.UserID != viewer.UserID {
		return nil, missingOr(err, "session")
	}
	found := sessionOf(row)
	return &found, nil
}

// OpenInvite finds one that can still be accepted, where the viewer is an admin. Error: NotFound.
func (s *Service) OpenInvite(ctx context.Context, viewer access.Viewer, id ids.ID) (*Invite, error) {
	row, err := s.store.GetInvite(ctx, id.UUID, viewer.OrganizationsAs(access.Admin))
	if err != nil || !id.Is(ids.Invite) || row.Status != invitePending || !row.ExpiresAt.After(s.now()) {
		return nil, missingOr(err, "invite")
	}
	found := inviteOf(row)
	return &found, viewer.Enter(row.OrganizationID)
}

// APIToken finds one where the viewer is an admin. Error: NotFound.
func (s *Service) APIToken(ctx context.Context, viewer access.Viewer, id ids.ID) (*APIToken, error) {
	row, err := s.store.FindAPIToken(ctx, id.UUID, viewer.OrganizationsAs(access.Admin))
	if err != nil || !id.Is(ids.APIToken) {
		return nil, missingOr(err, "token")
	}
	found := apiToken(row)
	return &found, viewer.Enter(row.OrganizationID)
}

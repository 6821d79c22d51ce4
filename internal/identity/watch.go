package identity

import "github.com/switchboard-voice/switchboard/internal/access"

// Watch wakes when something about a user changed that may end what they have open. Watch first and ask
// afterwards: what changes in between is not missed. stop gives the place back.
func (s *Service) Watch(viewer access.Viewer) (woken <-chan struct{}, stop func()) {
	if s.hub == nil {
		return nil, func() {}
	}
	waiter := s.hub.Wait(viewer.UserID)
	return waiter.C, waiter.Close
}

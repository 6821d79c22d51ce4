package identity

import "github.com/switchboard-voice/switchboard/internal/access"

// Watch calls when something about a user changed that may end what they have open. Watch first and ask
// afterwards: what changes in between is not missed. stop gives the place back.
func (s *Service) Watch(viewer access.Viewer, wake func()) (stop func()) {
	if s.hub == nil {
		return func() {}
	}
	return s.hub.Call(viewer.UserID, wake).Close
}

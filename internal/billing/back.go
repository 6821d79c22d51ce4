package billing

import (
	"net/url"
	"slices"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/fault"
)

// maxPath is far above any path of a web app.
const maxPath = 1000

// back is where a person comes back to: a path, never an address, so that nobody is led elsewhere through
// us. origin is one of those that may call us; nil is the first.
func (s *Service) back(path string, origin *string) (*url.URL, error) {
	if len(s.origins) == 0 {
		return nil, fault.InvalidState("The operator of this service has not said where the web app is.")
	}
	base := s.origins[0]
	if origin != nil {
		if !slices.Contains(s.origins, *origin) {
			return nil, fault.Invalid("returnOrigin", "This origin is none of those that may call this service.")
		}
		base = *origin
	}
	target, err := url.Parse(path)
	if err != nil || !localPath(path) || target.Scheme != "" || target.Host != "" || target.User != nil {
		return nil, fault.Invalid("returnPath", "Give a path of the web app that begins with one slash, e.g. /settings?tab=billing.")
	}
	home, err := url.Parse(base)
	if err != nil {
		return nil, fault.InvalidState("The address of the web app cannot be read.")
	}
	target.Scheme, target.Host = home.Scheme, home.Host
	return target, nil
}

// localPath refuses what browsers read as an address although it begins like a path.
func localPath(path string) bool {
	odd := func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }
	return len(path) <= maxPath && strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && strings.IndexFunc(path, odd) < 0
}

// told adds to an address how it went. The braces of Stripe's placeholder are not to be escaped.
func told(to url.URL, how string) string {
	if to.RawQuery != "" {
		to.RawQuery += "&"
	}
	to.RawQuery += how
	return to.String()
}

package signin

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// maxCallback is what a browser keeps in a cookie beside the others.
const maxCallback = 1500

// destination judges where somebody wants to go after signing in: a path of the site that they see us at,
// or a page of an allowed origin, compared whole. Anything else would let a link to us lead to a page that
// looks like ours. It is empty for what is refused.
func (h *Handler) destination(address string) string {
	if address == "" || len(address) > maxCallback || strings.ContainsFunc(address, odd) {
		return ""
	}
	to, err := url.Parse(address)
	if err != nil || to.User != nil || to.Opaque != "" {
		return ""
	}
	if to.Scheme == "" && to.Host == "" {
		if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") {
			return ""
		}
		return h.base + to.String()
	}
	origin := strings.ToLower(to.Scheme + "://" + to.Host)
	if origin != h.base && !slices.Contains(h.origins, origin) {
		return ""
	}
	return to.String()
}

// odd characters are read differently by different browsers: "/\evil.example" is another host to some.
func odd(r rune) bool { return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) }

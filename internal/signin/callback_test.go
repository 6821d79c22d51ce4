package signin

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Whatever somebody puts into a link to us, it leads to one of the app's origins, or is refused.
func FuzzDestination(f *testing.F) {
	h := &Handler{base: "https://api.example.com", origins: []string{"https://app.example.com", "http://localhost:3000"}}
	for _, address := range []string{
		"/", "/a?b#c", "//evil.example", "/\\evil.example", "https://app.example.com/x", "https://app.example.com@evil.example", "https:evil.example",
		"javascript:alert(1)", "HTTPS://APP.EXAMPLE.COM/", "https://app.example.com:443/", "/%09/evil.example", "///evil.example", "/.//evil.example",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got := h.destination(address)
		if got == "" {
			return
		}
		to, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q leads to %q: %v", address, got, err)
		}
		origin := strings.ToLower(to.Scheme + "://" + to.Host)
		if origin != h.base && !slices.Contains(h.origins, origin) || to.User != nil || strings.ContainsAny(got, "\\\r\n\t ") {
			t.Errorf("%q leads to %q", address, got)
		}
	})
}

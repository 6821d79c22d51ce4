package config

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestPrivateNetworksOpenOnlyWhereEverythingIsLocal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		public, provider string
		serves           bool
	}{
		{"http://127.0.0.1:8080", "http://127.0.0.1:9999", true},
		{"http://localhost:8080", "http://fake-provider:9999", true},
		{"http://127.0.0.1:8080", "https://api.assemblyai.com", false},
		{"https://api.example.com", "http://127.0.0.1:9999", false},
		{"https://8.8.8.8", "https://api.assemblyai.com", false},
	} {
		got := load(t, with("EGRESS_ALLOW=127.0.0.1, ::1/128", "BACKEND_URL="+c.public, "ASSEMBLYAI_BASE_URL="+c.provider))
		if err := got.Check(); (err == nil) != c.serves {
			t.Errorf("%+v: %v", c, err)
		}
		if want := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}; !slices.Equal(got.EgressAllow, want) {
			t.Errorf("%v, want %v", got.EgressAllow, want)
		}
		if !slices.ContainsFunc(got.Warnings(), func(w string) bool { return strings.Contains(w, "EGRESS_ALLOW") }) {
			t.Error("nothing is said of it")
		}
	}
}

package config

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Telephony is the account at SignalWire, which is named whole or not at all: without it no call begins.
type Telephony struct {
	SignalWireProjectID   string   `env:"SIGNALWIRE_PROJECT_ID"`
	SignalWireToken       string   `env:"SIGNALWIRE_TOKEN"`
	SignalWireAPIToken    string   `env:"SIGNALWIRE_API_TOKEN"` // the older name
	SignalWireSpace       string   `env:"SIGNALWIRE_SPACE"`
	SignalWireSpaceURL    string   `env:"SIGNALWIRE_SPACE_URL"`
	SignalWireSigningKeys []string `env:"SIGNALWIRE_SIGNING_KEY"` // all are accepted
	SignalWireNumber      string   `env:"SIGNALWIRE_NUMBER"`

	CallCheckAfter time.Duration `env:"CALL_CHECK_AFTER" envDefault:"60s"`
	CallLostAfter  time.Duration `env:"CALL_LOST_AFTER" envDefault:"2m"`
}

// vendorDomain is what a space's name stands before.
const vendorDomain = ".signalwire.com"

// Calls says whether there is a provider for calls. Load has seen to it that all that it needs is there.
func (t Telephony) Calls() bool { return t.SignalWireProjectID != "" }

// SignalWireKey opens the API.
func (t Telephony) SignalWireKey() string { return cmp.Or(t.SignalWireToken, t.SignalWireAPIToken) }

// SignalWireBaseURL is where the API is, without a path: SIGNALWIRE_SPACE may be a name, a host or an address.
func (t Telephony) SignalWireBaseURL() string {
	if t.SignalWireSpaceURL != "" {
		return strings.TrimRight(t.SignalWireSpaceURL, "/")
	}
	space := strings.TrimRight(t.SignalWireSpace, "/")
	switch {
	case space == "" || strings.Contains(space, "://"):
		return space
	case strings.Contains(space, "."):
		return "https://" + space
	}
	return "https://" + space + vendorDomain
}

// malformed finds an account of which only a part is named, and what nothing could work with.
func (t Telephony) malformed(problems *Problems) {
	var missing []string
	add := func(name, value string) {
		if value == "" {
			missing = append(missing, name)
		}
	}
	add("SIGNALWIRE_PROJECT_ID", t.SignalWireProjectID)
	add("SIGNALWIRE_TOKEN", t.SignalWireKey())
	add("SIGNALWIRE_SPACE", t.SignalWireBaseURL())
	add("SIGNALWIRE_SIGNING_KEY", strings.Join(t.SignalWireSigningKeys, ""))
	if len(missing) > 0 && len(missing) < 4 {
		problems.add("%s missing: SIGNALWIRE_PROJECT_ID, SIGNALWIRE_TOKEN, SIGNALWIRE_SPACE and SIGNALWIRE_SIGNING_KEY go together, all or none.", strings.Join(missing, " and "))
	}
	if at := t.SignalWireBaseURL(); at != "" {
		if u, ok := webAddress(at); !ok || strings.Trim(u.Path, "/") != "" {
			problems.add("SIGNALWIRE_SPACE must be the name of a space, or SIGNALWIRE_SPACE_URL its address, e.g. https://example.signalwire.com.")
		}
	}
	if n := t.SignalWireNumber; n != "" && (!strings.HasPrefix(n, "+") || strings.Trim(n[1:], "0123456789") != "" || len(n) < 8 || len(n) > 16) {
		problems.add("SIGNALWIRE_NUMBER must be a number as in +12025550123.")
	}
}

// check finds what forbids to serve.
func (t Telephony) check(problems *Problems) {
	if insecure(t.SignalWireBaseURL()) {
		problems.add("SIGNALWIRE_SPACE_URL must begin with https://: the API token goes there.")
	}
	if t.Calls() && slices.Contains(t.SignalWireSigningKeys, t.SignalWireKey()) {
		problems.add("SIGNALWIRE_SIGNING_KEY is the API token: webhooks are signed with the project's signing key, which is another one.")
	}
	for _, key := range t.SignalWireSigningKeys {
		secret{"SIGNALWIRE_SIGNING_KEY", key}.check(problems, minWebhookSecret)
	}
}

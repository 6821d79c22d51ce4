package config

import (
	"strings"
	"testing"
)

var calls = []string{
	"SIGNALWIRE_PROJECT_ID=0d4a8c1e-77", "SIGNALWIRE_TOKEN=PT7f3a9c0b2d81", "SIGNALWIRE_SPACE=example", "SIGNALWIRE_SIGNING_KEY=PSKq4v8ZtB2nWc7Lm, PSKolder9xR3mTfH5k",
}

func TestASpaceIsANameAHostOrAnAddress(t *testing.T) {
	t.Parallel()
	for space, want := range map[string]string{
		"example": "https://example.signalwire.com", "example.signalwire.com": "https://example.signalwire.com", "https://example.signalwire.com/": "https://example.signalwire.com",
	} {
		if got := load(t, with(append(calls, "SIGNALWIRE_SPACE="+space)...)).SignalWireBaseURL(); got != want {
			t.Errorf("%s is %s, want %s", space, got, want)
		}
	}
	c := load(t, with(append(calls, "SIGNALWIRE_SPACE_URL=http://127.0.0.1:9/")...))
	if got := c.SignalWireBaseURL(); got != "http://127.0.0.1:9" || !c.Calls() || len(c.SignalWireSigningKeys) != 2 {
		t.Errorf("%s, %t, %d keys", got, c.Calls(), len(c.SignalWireSigningKeys))
	}
	if err := c.Check(); err != nil {
		t.Errorf("a good account is refused: %v", err)
	}
}

func TestAnAccountAtSignalWireIsNamedWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	if load(t, good()).Calls() {
		t.Error("there are calls without an account")
	}
	for i := range calls {
		some := append(append([]string{}, calls[:i]...), calls[i+1:]...)
		name, _, _ := strings.Cut(calls[i], "=")
		if _, err := Load(with(some...)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	if _, err := Load(with(append(calls, "SIGNALWIRE_NUMBER=555-0123")...)); err == nil || !strings.Contains(err.Error(), "SIGNALWIRE_NUMBER") {
		t.Errorf("a number that is none is taken: %v", err)
	}
}

func TestAnUnsafeAccountAtSignalWireIsNotServedWith(t *testing.T) {
	t.Parallel()
	for spoiled, name := range map[string]string{
		"SIGNALWIRE_SPACE_URL=http://example.signalwire.com": "SIGNALWIRE_SPACE_URL",
		"SIGNALWIRE_SIGNING_KEY=PT7f3a9c0b2d81":              "SIGNALWIRE_SIGNING_KEY",
		"SIGNALWIRE_SIGNING_KEY=changeme-changeme-changeme":  "SIGNALWIRE_SIGNING_KEY",
	} {
		if err := load(t, with(append(calls, spoiled)...)).Check(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", spoiled, err)
		}
	}
}

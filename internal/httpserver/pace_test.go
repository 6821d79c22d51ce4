package httpserver

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/limit"
)

func TestWebhooksAboveTheLimitAreAskedToComeAgainAndNoOtherAddressIs(t *testing.T) {
	t.Parallel()
	h := all()
	h.WebhookLimit = limit.New(limit.Config{Amount: 2, Per: time.Hour})
	h.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	s := start(t, h)
	send := func(address string) answered {
		return s.do(http.MethodPost, "/api/webhooks/assemblyai", "{}", http.Header{"X-Forwarded-For": {address}})
	}
	for range 2 {
		if got := send("2001:db8::1"); got.status != http.StatusOK {
			t.Fatalf("within the limit: %d", got.status)
		}
	}
	got := send("2001:db8::2") // the same network
	got.wantError(t, http.StatusServiceUnavailable, codeUnavailable)
	if got.header.Get("Retry-After") != "1800" {
		t.Errorf("Retry-After: %s, want 1800", got.header.Get("Retry-After"))
	}
	for _, other := range []string{"2001:db8:0:1::1", "198.51.100.7"} {
		if got := send(other); got.status != http.StatusOK {
			t.Errorf("%s pays for another address: %d", other, got.status)
		}
	}
	if got := s.do(http.MethodPost, "/graphql", "{}", http.Header{"X-Forwarded-For": {"2001:db8::1"}}); got.status != http.StatusOK {
		t.Errorf("operations pay for webhooks: %d", got.status)
	}
}

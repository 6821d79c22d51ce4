package httpserver

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestHandlersSeeTheAddressThatIsLogged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ remote, forwarded, want string }{
		{"10.0.0.1:4711", "203.0.113.9, 198.51.100.7", "198.51.100.7:4711"},
		{"10.0.0.1:4711", "2001:db8::7", "[2001:db8::7]:4711"},
		{"192.0.2.1:4711", "198.51.100.7", "192.0.2.1:4711"}, // no proxy of ours: a client's invention
		{"pipe", "198.51.100.7", "pipe"},
	} {
		var seen string
		h := Handlers{
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
			Download:       http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.RemoteAddr }),
		}
		r := httptest.NewRequest(http.MethodGet, "/download/a", nil)
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		Routes(h).ServeHTTP(httptest.NewRecorder(), r)
		if seen != c.want || r.RemoteAddr != c.remote {
			t.Errorf("%v: the handler sees %s, the server %s", c, seen, r.RemoteAddr)
		}
	}
}

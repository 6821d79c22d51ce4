package egress

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestOtherClientsAreGuardedToo(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }))
	defer inside.Close()
	through := http.Client{Transport: New(Config{}).Transport()}
	for _, address := range []string{inside.URL, "https://127.0.0.1", "https://localhost", "http://example.com", "https://10.0.0.1", "https://169.254.169.254/latest"} {
		if response, err := through.Post(address, "text/plain", strings.NewReader("x")); !errors.Is(err, ErrAddress) {
			if err == nil {
				response.Body.Close()
			}
			t.Errorf("%s: %v", address, err)
		}
	}
	allowed := http.Client{Transport: New(Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}).Transport()}
	response, err := allowed.Post(inside.URL, "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, _ := io.ReadAll(response.Body); string(body) != "hello" {
		t.Errorf("got %q", body)
	}
}

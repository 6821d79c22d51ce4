package egress

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// here allows this machine, as only tests do.
func here() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")} }

func serve(t *testing.T, handler http.HandlerFunc) (address string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

var generous = Limits{Bytes: 1 << 20, Time: time.Minute}

// fetch reads all that an address gives.
func fetch(t *testing.T, c *Client, address string, limits Limits) ([]byte, error) {
	t.Helper()
	body, err := c.Get(t.Context(), address, limits)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	all, err := io.ReadAll(body)
	if !errors.Is(err, body.Err()) {
		t.Errorf("Err says %v, reading said %v", body.Err(), err)
	}
	return all, err
}

// special are addresses that lead to no public server, in all the ways of writing them.
var special = []string{
	"127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.127.255.255",
	"169.254.169.254", "169.254.170.2", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
	"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[::127.0.0.1]", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]",
	"[64:ff9b::7f00:1]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::]", "[2001:db8::1]", "[2001::1]", "[100::1]",
}

func TestAddressOfASpecialNetworkIsNeverAsked(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	for _, host := range special {
		for _, address := range []string{"https://" + host + "/a.wav", "https://" + host + ":443/a.wav", "http://" + host + "/a.wav"} {
			if _, err := c.Check(address); !errors.Is(err, ErrAddress) {
				t.Errorf("%s is let through: %v", address, err)
			}
		}
		ip := netip.MustParseAddr(strings.Replace(strings.Trim(host, "[]"), "%25", "%", 1))
		if err := c.guard.Safe("tcp4", netip.AddrPortFrom(ip, 443).String(), nil); err == nil {
			t.Errorf("the guard lets %s through", ip)
		}
	}
}

func TestAddressThatIsNotPublicHttpsIsRefused(t *testing.T) {
	t.Parallel()
	c := New(Config{})
	for _, address := range []string{
		"", "a.wav", "/a.wav", "//example.com/a.wav", "https://", "https:///a.wav", "https:example.com", "http://example.com/a.wav", "ftp://example.com/a.wav", "file:///etc/passwd", "gopher://example.com/",
		"https://user@example.com/", "https://user:password@example.com/", "https://example.com:22/", "https://example.com:8443/", "https://example.com:99999/", "https://exam ple.com/",
		"https://localhost/", "https://LOCALHOST./", "https://x.localhost/", "https://postgres/", "https://metadata/", "https://example/",
		"https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.1/", "https://0x7f.0x0.0x0.0x1/", "https://127.0.0.1./", "https://1.2.3/",
		"https://example.com/" + strings.Repeat("a", maxAddress), "https://example.com/\x00", "https://example.com\n/",
	} {
		if u, err := c.Check(address); !errors.Is(err, ErrAddress) {
			t.Errorf("%.60q is let through as %v, %v", address, u, err)
		}
		if _, err := c.Get(t.Context(), address, generous); !errors.Is(err, ErrAddress) {
			t.Errorf("%.60q is asked: %v", address, err)
		}
	}
	for _, address := range []string{"https://example.com/a.wav?sig=1#t=2", "https://EXAMPLE.com:443/", "https://8.8.8.8/a.wav", "https://[2606:4700::1111]/", "https://cdn.example.co.uk/", "https://4you.example.com/"} {
		if _, err := c.Check(address); err != nil {
			t.Errorf("%s is refused: %v", address, err)
		}
	}
}

func TestAllowListOpensWhatItNamesAndNothingElse(t *testing.T) {
	t.Parallel()
	c := New(Config{Allow: here()})
	got, err := fetch(t, c, serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("sound")) }), generous)
	if err != nil || string(got) != "sound" {
		t.Fatalf("%q, %v", got, err)
	}
	for _, address := range []string{"http://127.0.0.2/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://10.0.0.1/", "http://example.com/", "http://localhost/", "https://127.0.0.2/", "https://169.254.169.254/"} {
		if _, err := c.Check(address); !errors.Is(err, ErrAddress) {
			t.Errorf("%s is let through: %v", address, err)
		}
	}
}

func TestRedirectIsLookedAtLikeTheFirstAddress(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"http://127.0.0.2/", "http://169.254.169.254/latest/meta-data", "https://10.0.0.1/", "http://example.com/a.wav", "file:///etc/passwd", "https://user:pw@example.com/", "https://2130706433/", "http://[::1]/"} {
		address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		})
		if _, err := fetch(t, New(Config{Allow: here()}), address, generous); !errors.Is(err, ErrAddress) {
			t.Errorf("followed to %s: %v", to, err)
		}
	}
}

func TestThreeRedirectsAreFollowedAndAFourthIsNot(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if left := strings.TrimPrefix(r.URL.Path, "/"); left != "" {
			http.Redirect(w, r, "/"+left[1:], http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "sound")
	})
	c := New(Config{Allow: here()})
	if got, err := fetch(t, c, address+"/123", generous); err != nil || string(got) != "sound" {
		t.Errorf("three: %q, %v", got, err)
	}
	if _, err := fetch(t, c, address+"/1234", generous); !errors.Is(err, ErrRedirects) {
		t.Errorf("four: %v", err)
	}
}

func TestNothingOfOursIsSentAlong(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 2)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header
		if r.URL.Path == "/first" {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, "/second", http.StatusFound)
		}
	})
	if _, err := fetch(t, New(Config{Allow: here()}), address+"/first?signature=secret", generous); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for name := range <-seen {
			if name != "User-Agent" && name != "Accept" && name != "Connection" {
				t.Errorf("sends %s", name)
			}
		}
	}
}

func TestAnswerThatIsNot200IsNamed(t *testing.T) {
	t.Parallel()
	for status, temporary := range map[int]bool{204: false, 206: false, 304: false, 401: false, 403: false, 404: false, 410: false, 408: true, 429: true, 500: true, 503: true} {
		address := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := fetch(t, New(Config{Allow: here()}), address, generous)
		var answered *StatusError
		if !errors.As(err, &answered) || answered.Status != status || answered.Temporary() != temporary {
			t.Errorf("%d: %v", status, err)
		}
	}
}

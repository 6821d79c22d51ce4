package egress

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// maxAddress is what browsers and caches take at least; signed links of the large storages fit.
const maxAddress = 2048

// Check says whether an address would be asked at all, as far as can be told without DNS, so that whoever
// wrote it hears of it at once. What it lets through may still lead inside: the guard looks again at each
// connection. Error: ErrAddress.
func (c *Client) Check(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || len(address) > maxAddress || u.Hostname() == "" || u.Opaque != "" || u.User != nil {
		return nil, ErrAddress // the cause would show the address
	}
	host := u.Hostname()
	ip, literal := literally(host)
	switch {
	case literal && c.allowed(ip) && (u.Scheme == "http" || u.Scheme == "https"):
		return u, nil
	case u.Scheme != "https":
		return nil, fmt.Errorf("%w: scheme %.10q", ErrAddress, u.Scheme)
	case u.Port() != "" && u.Port() != "443" && len(c.allow) == 0:
		return nil, fmt.Errorf("%w: port %.10q", ErrAddress, u.Port())
	case literal && c.guard.SafeAddr(ip) != nil:
		return nil, fmt.Errorf("%w: a special network", ErrAddress)
	case !literal && !public(host):
		return nil, fmt.Errorf("%w: a name inside a network", ErrAddress)
	}
	return u, nil
}

func literally(host string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(host)
	return ip, err == nil
}

func (c *Client) allowed(ip netip.Addr) bool {
	return slices.ContainsFunc(c.allow, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// public leaves out names without a dot, which resolve inside a network only, and numbers in forms that
// only some resolvers take for an address: 127.1, 2130706433, 0x7f000001.
func public(host string) bool {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(host), "."), ".")
	last := labels[len(labels)-1]
	return len(labels) > 1 && last != "" && last != "localhost" && (last[0] < '0' || last[0] > '9')
}

package httpserver

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// client is the address that a request came from. X-Forwarded-For is read from its end, as far as proxies
// of ours wrote it: what stands before that, a client can make up.
func client(r *http.Request, trusted []netip.Prefix) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	address := from.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil || !ours(address, trusted) {
			break
		}
		address = next.Unmap().WithZone("")
	}
	return address.String()
}

// from is the request as it came from that client: handlers count by RemoteAddr, and behind a proxy all
// clients would else look like one. The port stays that of the connection.
func from(address string, r *http.Request) *http.Request {
	if _, port, err := net.SplitHostPort(r.RemoteAddr); err == nil && address != "" {
		r.RemoteAddr = net.JoinHostPort(address, port)
	}
	return r
}

func ours(address netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(address) })
}

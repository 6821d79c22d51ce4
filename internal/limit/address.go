package limit

import "net/netip"

// Address is what those whom nobody knows are counted by: the address of a host:port, and of IPv6 the
// network, as everybody has 2^64 addresses there.
func Address(remote string) string {
	from, err := netip.ParseAddrPort(remote)
	if err != nil {
		return ""
	}
	address := from.Addr().Unmap()
	if address.Is4() {
		return address.String()
	}
	network, _ := address.WithZone("").Prefix(64) // fails for longer ones than an address only
	return network.String()
}

package graph

import "testing"

func TestStrangersAreCountedByTheNetworkThatIsTheirs(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"198.51.100.7:80":           "198.51.100.7",
		"[::ffff:198.51.100.7]:80":  "198.51.100.7",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":         "fe80::/64",
		"pipe":                      "",
	} {
		if got := neighborhood(remote); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

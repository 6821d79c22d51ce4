package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// PublicURL is where providers and browsers reach us, without a slash at the end: the base of webhooks
// and links.
func (c Config) PublicURL() string {
	if c.BackendURL != "" || len(c.AppURLs) == 0 {
		return strings.TrimRight(c.BackendURL, "/")
	}
	return strings.TrimRight(c.AppURLs[0], "/")
}

// Origins are the pages that may call us with a cookie, each exactly as a browser writes it. Our own is
// among them only for GraphiQL.
func (c Config) Origins() []string {
	from := slices.Concat(c.AppURLs, c.AllowedOrigins)
	if c.GraphiQL && c.PublicURL() != "" {
		from = append(from, c.PublicURL())
	}
	all := make([]string, 0, len(from))
	for _, raw := range from {
		if origin, ok := originOf(raw); ok && !slices.Contains(all, origin) {
			all = append(all, origin)
		}
	}
	return all
}

// originOf is an address as a browser would write it in an Origin header.
func originOf(raw string) (string, bool) {
	u, ok := webAddress(raw)
	if !ok {
		return "", false
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host, true
}

func webAddress(raw string) (*url.URL, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, false
	}
	plain := u.User == nil && u.RawQuery == "" && u.Fragment == "" && !strings.Contains(u.Host, "*")
	return u, plain && u.Hostname() != ""
}

func (c Config) malformedURLs(problems *Problems) {
	for name, raw := range map[string]string{"ASSEMBLYAI_BASE_URL": c.AssemblyAIBaseURL, "BACKEND_URL": c.BackendURL} {
		if _, ok := webAddress(raw); raw != "" && !ok {
			problems.add("%s must be a web address, e.g. https://api.example.com.", name)
		}
	}
	if u, ok := webAddress(c.R2Endpoint); c.R2Endpoint != "" && (!ok || strings.Trim(u.Path, "/") != "") {
		problems.add("R2_ENDPOINT must be a web address without the bucket, e.g. https://<account>.r2.cloudflarestorage.com.")
	}
	for _, raw := range c.AppURLs {
		if _, ok := webAddress(raw); !ok {
			problems.add("NEXT_PUBLIC_APP_URL must be web addresses with a comma between them, e.g. https://app.example.com.")
		}
	}
	for _, raw := range c.AllowedOrigins {
		if u, ok := webAddress(raw); !ok || strings.Trim(u.Path, "/") != "" {
			problems.add("ALLOWED_ORIGINS must be whole origins with a comma between them, e.g. https://app.example.com; there are no wildcards.")
		}
	}
	for name, raw := range map[string]string{"NEON_PG_CONN": c.NeonConn, "DATABASE_URL": c.DatabaseURL, "DATABASE_URL_UNPOOLED": c.DatabaseURLUnpooled} {
		if raw != "" && !readableDatabase(raw) {
			problems.add("%s must be the address of a Postgres, postgres://user:password@host/name.", name)
		}
	}
	slices.Sort(*problems)
}

// local says whether an address leads nowhere from the internet.
func local(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return false
	}
	host := strings.ToLower(u.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified()
	}
	if !strings.Contains(host, ".") { // localhost, or a container's name
		return true
	}
	return slices.ContainsFunc([]string{".localhost", ".local", ".internal"}, func(s string) bool { return strings.HasSuffix(host, s) })
}

package config

import (
	"cmp"
	"net/url"
	"strings"
)

// PooledURL is where queries go; NEON_PG_CONN wins. Empty when neither variable is set.
func (c Config) PooledURL() string { return forServer(c.database()) }

func (c Config) database() string { return cmp.Or(c.NeonConn, c.DatabaseURL) }

// DirectURL serves LISTEN and migrations, which a transaction pooler breaks: LISTEN succeeds there and
// then never delivers.
func (c Config) DirectURL() string {
	return forServer(cmp.Or(c.DatabaseURLUnpooled, unpooled(c.database())))
}

// HasDirect says whether DirectURL leads around the pooler, as far as names can tell. Where it does not,
// changes are found by polling.
func (c Config) HasDirect() bool {
	direct := cmp.Or(c.DatabaseURLUnpooled, unpooled(c.database()))
	return direct != "" && !pooled(direct) && (c.DatabaseURLUnpooled != "" || !strings.Contains(direct, "pgbouncer=true"))
}

// pooler is how Neon marks the pooled twin of a host, at the end of its first label.
const pooler = "-pooler"

// unpooled leaves a host of one label alone: that is a machine or container which is called so.
func unpooled(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	first, rest, dotted := strings.Cut(u.Host, ".")
	if !dotted || !strings.HasSuffix(first, pooler) {
		return raw
	}
	u.Host = strings.TrimSuffix(first, pooler) + "." + rest
	return u.String()
}

func pooled(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil {
		return false
	}
	first, _, _ := strings.Cut(u.Hostname(), ".")
	return strings.HasSuffix(first, pooler)
}

// forServer drops what Prisma and node-postgres keep in the address for themselves. We would send it to
// the server, which refuses a connection with a parameter that it does not know.
func forServer(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || !strings.Contains(raw, "://") || u.RawQuery == "" {
		return raw
	}
	query := u.Query()
	for _, theirs := range []string{
		"pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size", "schema", "uselibpqcompat", "workaround",
	} {
		query.Del(theirs)
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// readableDatabase takes both forms that Postgres has: an address and a list of words.
func readableDatabase(raw string) bool {
	if !strings.Contains(raw, "://") {
		return strings.Contains(raw, "host=")
	}
	u, err := url.Parse(raw)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && (u.Host != "" || u.Query().Has("host"))
}

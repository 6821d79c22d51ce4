package authjs

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// chunkSize is next-auth's: what is left of 4,096 bytes beside a name and its attributes.
const chunkSize = 3933

// JarConfig says how cookies are named and which pages' requests carry them.
type JarConfig struct {
	// Secure is for https: browsers send the cookies over nothing else.
	Secure bool
	// Plain leaves the prefixes __Secure- and __Host- out, as apps do that fixed their names long ago.
	Plain bool
	// SameSite is Lax unless pages of another site call with a cookie.
	SameSite http.SameSite
	// Partitioned is for such pages: a browser that blocks third-party cookies keeps a jar for each site.
	Partitioned bool
	// Domain lets the hosts below a parent share the cookies; empty for the one host.
	Domain string
}

// Jar reads and writes the cookies of next-auth 4.
type Jar struct {
	keys   *Keys
	config JarConfig
}

// NewJar makes a jar.
func NewJar(keys *Keys, config JarConfig) *Jar {
	if config.SameSite == 0 {
		config.SameSite = http.SameSiteLaxMode
	}
	return &Jar{keys: keys, config: config}
}

// prefixed is a cookie's whole name.
func (j *Jar) prefixed(name string) string {
	if j.config.Secure && !j.config.Plain {
		return "__Secure-" + name
	}
	return name
}

// SessionName is under which name Mint makes what SetSession writes.
func (j *Jar) SessionName() string { return j.prefixed(NextAuthCookie) }

func (j *Jar) cookie(name, value string) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", Domain: j.config.Domain, HttpOnly: true,
		Secure: j.config.Secure, SameSite: j.config.SameSite, Partitioned: j.config.Partitioned && j.config.Secure,
	}
}

// expired takes a cookie out of the browser.
func (j *Jar) expired(name string) *http.Cookie {
	c := j.cookie(name, "")
	c.MaxAge = -1
	return c
}

// SetSession writes a token, in chunks where it does not fit one cookie, and takes away what the browser
// keeps of an older one: next-auth would join the two.
func (j *Jar) SetSession(w http.ResponseWriter, r *http.Request, token string, expires time.Time) {
	written := map[string]bool{}
	for name, value := range chunks(j.SessionName(), token) {
		c := j.cookie(name, value)
		c.Expires = expires
		http.SetCookie(w, c)
		written[name] = true
	}
	j.clear(w, r, written)
}

// ClearSession takes the session out of the browser, under each name that we would open it by.
func (j *Jar) ClearSession(w http.ResponseWriter, r *http.Request) { j.clear(w, r, nil) }

func (j *Jar) clear(w http.ResponseWriter, r *http.Request, kept map[string]bool) {
	for _, c := range r.Cookies() {
		if j.keys.isSession(c.Name) && !kept[c.Name] {
			http.SetCookie(w, j.gone(c.Name))
			kept = with(kept, c.Name) // a name that came twice is taken away once
		}
	}
}

// gone is expired for a name that may be another app's: a prefix wants Secure, or the browser keeps it.
func (j *Jar) gone(name string) *http.Cookie {
	c := j.expired(name)
	c.Secure = c.Secure || strings.HasPrefix(name, "__Secure-")
	return c
}

func with(names map[string]bool, name string) map[string]bool {
	if names == nil {
		names = map[string]bool{}
	}
	names[name] = true
	return names
}

// isSession says whether a cookie is one of a session, whole or a chunk.
func (k *Keys) isSession(name string) bool {
	for _, f := range k.families {
		suffix, ours := strings.CutPrefix(name, f.cookie)
		if _, part := chunk(suffix); ours && (suffix == "" || part) {
			return true
		}
	}
	return false
}

// Opaque is the value of a session cookie that is no token: what finds a session that is kept in a database.
// It is empty when there is none.
func Opaque(cookies []*http.Cookie) string {
	for _, name := range []string{SecureNextAuthCookie, NextAuthCookie} {
		if value, _ := (family{cookie: name}).token(cookies); value != "" && !strings.Contains(value, ".") {
			return value
		}
	}
	return ""
}

func chunks(name, token string) map[string]string {
	if len(token) <= chunkSize {
		return map[string]string{name: token}
	}
	parts := map[string]string{}
	for i := 0; token != ""; i++ {
		n := min(len(token), chunkSize)
		parts[name+"."+strconv.Itoa(i)] = token[:n]
		token = token[n:]
	}
	return parts
}

// maxURL bounds what is remembered of where to go: a cookie of more is dropped by the browser, and with it
// the others of its answer.
const maxURL = 2048

// SetCallbackURL remembers where to go after signing in. The caller has judged the address.
func (j *Jar) SetCallbackURL(w http.ResponseWriter, address string) {
	if value := url.PathEscape(address); len(value) <= maxURL {
		http.SetCookie(w, j.cookie(j.prefixed("next-auth.callback-url"), value))
	}
}

// CallbackURL is what the browser remembers. It is judged anew by the caller: it may come from a neighbour.
func (j *Jar) CallbackURL(r *http.Request) string {
	c, err := r.Cookie(j.prefixed("next-auth.callback-url"))
	if err != nil || len(c.Value) > maxURL {
		return ""
	}
	address, err := url.PathUnescape(c.Value)
	if err != nil {
		return ""
	}
	return address
}

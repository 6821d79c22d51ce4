package authjs

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxCookie is what browsers keep, name and all: a longer value was made by something else.
	maxCookie = 4096
	// maxChunks of Auth.js's 3,933 bytes are the first to hold maxToken.
	maxChunks = 5
)

// FromCookies opens the session of a request. found is false when it carries no session cookie. Where it
// carries several, as during a move from next-auth to Auth.js 5, the first that opens wins. Error:
// ErrInvalid when there are some and none opens.
func (k *Keys) FromCookies(cookies []*http.Cookie, now time.Time) (claims Claims, found bool, err error) {
	for _, f := range k.families {
		token, present := f.token(cookies)
		if !present {
			continue
		}
		claims, failed := f.open(token, now)
		if failed == nil {
			return claims, true, nil
		}
		if !found { // the first is the one that the frontend uses now
			found, err = true, failed
		}
	}
	return Claims{}, found, err
}

func (f family) open(token string, now time.Time) (Claims, error) {
	if token == "" || len(token) > maxToken {
		return Claims{}, invalid("it is too long, or its first part is missing")
	}
	return f.format.open(token, now)
}

// token finds what the browser keeps under the family's name, whole or in chunks. It is "" when some is
// there that cannot be read.
func (f family) token(cookies []*http.Cookie) (token string, present bool) {
	var chunks [maxChunks]string
	for _, c := range cookies {
		suffix, ours := strings.CutPrefix(c.Name, f.cookie)
		if !ours || c.Value == "" {
			continue
		}
		if suffix == "" {
			return bounded(c.Value), true
		}
		// The first of a name wins: browsers send the one with the longest path first.
		if i, ok := chunk(suffix); ok {
			present = true
			if chunks[i] == "" {
				chunks[i] = bounded(c.Value)
			}
		}
	}
	return join(chunks[:]), present
}

func bounded(value string) string {
	if len(value) > maxCookie {
		return ""
	}
	return value
}

// chunk reads ".0" to ".4".
func chunk(suffix string) (i int, ok bool) {
	digits, ok := strings.CutPrefix(suffix, ".")
	if !ok || len(digits) != 1 {
		return 0, false
	}
	i, err := strconv.Atoi(digits)
	return i, err == nil && i < maxChunks
}

// join ends at a gap, and behind a chunk that is shorter than the first: what follows was left over by a
// longer token.
func join(chunks []string) string {
	var token strings.Builder
	for _, c := range chunks {
		token.WriteString(c)
		if len(c) == 0 || len(c) < len(chunks[0]) {
			break
		}
	}
	return token.String()
}

package authjs

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
)

// csrfToken is 32 random bytes in hex, as long as its hash.
const csrfToken = 64

// joined is how a list of secrets looks inside a JavaScript template, which is what Auth.js hashes.
func joined(secrets []string) string { return strings.Join(secrets, ",") }

// CSRFToken reads the value of the csrf-token cookie: the token that a form must repeat. ok is false for
// a cookie that was not made with our secrets.
func (k *Keys) CSRFToken(cookie string) (token string, ok bool) {
	if len(cookie) > 2*csrfToken+len("%7C") {
		return "", false
	}
	token, hash, ok := strings.Cut(strings.Replace(cookie, "%7C", "|", 1), "|")
	if !ok || len(token) != csrfToken || subtle.ConstantTimeCompare([]byte(hash), []byte(k.Hash(token))) == 0 {
		return "", false
	}
	return token, true
}

// Hash is what Auth.js keeps of a random token: next to it in the CSRF cookie, and in the database
// instead of it for a sign-in link, so that a reader of the database cannot sign in.
func (k *Keys) Hash(token string) string {
	sum := sha256.Sum256([]byte(token + k.secret))
	return hex.EncodeToString(sum[:])
}

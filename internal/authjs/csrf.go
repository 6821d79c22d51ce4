package authjs

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
)

// csrfCookie is bound to its host where it can be, so that no neighbour plants a token that it knows.
func (j *Jar) csrfCookie() string {
	if j.config.Secure && !j.config.Plain && j.config.Domain == "" {
		return "__Host-next-auth.csrf-token"
	}
	return j.prefixed("next-auth.csrf-token")
}

// CSRF gives the token that a form must repeat, and keeps it in the browser unless it is there.
func (j *Jar) CSRF(w http.ResponseWriter, r *http.Request) string {
	if token := j.csrfToken(r); token != "" {
		return token
	}
	random := make([]byte, csrfToken/2)
	_, _ = rand.Read(random) // never fails
	token := hex.EncodeToString(random)
	http.SetCookie(w, j.cookie(j.csrfCookie(), url.PathEscape(token+"|"+j.keys.Hash(token))))
	return token
}

// CSRFRepeated says whether a form repeated the token of its browser's cookie: a page of another site can
// make a browser send the cookie, and cannot read it.
func (j *Jar) CSRFRepeated(r *http.Request, field string) bool {
	token := j.csrfToken(r)
	return token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(field)) == 1
}

func (j *Jar) csrfToken(r *http.Request) string {
	c, err := r.Cookie(j.csrfCookie())
	if err != nil {
		return ""
	}
	token, _ := j.keys.CSRFToken(c.Value)
	return token
}

package authjs

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Check is what a browser remembers on the way to a provider and back, so that the answer of a provider
// is taken only where the question was asked.
type Check string

// The checks of next-auth.
const (
	State Check = "next-auth.state"
	PKCE  Check = "next-auth.pkce.code_verifier"
	Nonce Check = "next-auth.nonce"
)

// CheckLifetime is how long somebody may take at the provider.
const CheckLifetime = 15 * time.Minute

// kept is a check's content. The provider is in it, so that the answer of one does not pass for another's.
type kept struct {
	Value    string `json:"value"`
	Provider string `json:"provider"`
}

// Keep remembers a value for one way to a provider.
func (j *Jar) Keep(w http.ResponseWriter, check Check, provider, value string, now time.Time) error {
	name := j.prefixed(string(check))
	key, err := derive(j.keys.secrets[0], name, checkInfo(name), 32)
	if err != nil {
		return err
	}
	encrypter, err := jose.NewEncrypter(jose.A256GCM, jose.Recipient{Algorithm: jose.DIRECT, Key: key}, nil)
	if err != nil {
		return fmt.Errorf("sealing %s: %w", check, err)
	}
	std := jwt.Claims{IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(CheckLifetime))}
	token, err := jwt.Encrypted(encrypter).Claims(std).Claims(kept{Value: value, Provider: provider}).Serialize()
	if err != nil {
		return fmt.Errorf("sealing %s: %w", check, err)
	}
	c := j.cookie(name, token)
	c.Expires = now.Add(CheckLifetime)
	http.SetCookie(w, c)
	return nil
}

// Use gives what was kept for a provider and takes it out of the browser: one question has one answer.
// It is empty when nothing was kept, for too long, or for another provider.
func (j *Jar) Use(w http.ResponseWriter, r *http.Request, check Check, provider string, now time.Time) string {
	name := j.prefixed(string(check))
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	http.SetCookie(w, j.expired(name))
	return j.keys.opened(c.Value, name, provider, now)
}

func (k *Keys) opened(token, name, provider string, now time.Time) string {
	if len(token) > maxCookie {
		return ""
	}
	parsed, err := jwt.ParseEncrypted(token, []jose.KeyAlgorithm{jose.DIRECT}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return ""
	}
	for _, secret := range k.secrets {
		key, err := derive(secret, name, checkInfo(name), 32)
		if err != nil {
			return ""
		}
		var body json.RawMessage
		if parsed.Claims(key, &body) == nil {
			return judged(body, provider, now)
		}
	}
	return ""
}

func judged(body []byte, provider string, now time.Time) string {
	var std jwt.Claims
	var own kept
	if json.Unmarshal(body, &std) != nil || json.Unmarshal(body, &own) != nil {
		return ""
	}
	if std.Expiry == nil || std.ValidateWithLeeway(jwt.Expected{Time: now}, leeway) != nil || own.Provider != provider {
		return ""
	}
	return own.Value
}

func checkInfo(name string) string { return "NextAuth.js Generated Encryption Key (" + name + ")" }

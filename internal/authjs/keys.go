package authjs

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// The cookies of version 5 and of version 4; Mint takes these names.
const (
	SessionCookie       = "authjs.session-token"
	SecureSessionCookie = "__Secure-authjs.session-token"

	NextAuthCookie       = "next-auth.session-token"
	SecureNextAuthCookie = "__Secure-next-auth.session-token"
)

const (
	// minSecret is the size of a SHA-256 block key: what is shorter is guessed offline from one token.
	minSecret = 32
	// maxSecrets bounds the tries for a token without a kid. A rotation has two secrets.
	maxSecrets = 8
)

// Keys are what the secrets open and sign, derived once. They are safe for concurrent use.
type Keys struct {
	secret   string   // as Auth.js puts its secrets into a hash
	formats  []format // each key once, for tokens that come without a cookie name
	families []family
	secrets  []string // for what else is kept in cookies, each under a key of its own
}

// family is a cookie name and the format that it promises.
type family struct {
	cookie string
	format *format
}

// format is one encryption with the key of each secret, the newest first.
type format struct {
	encryption jose.ContentEncryption
	keys       []key
}

type key struct {
	id    string // "" where the version does not name its keys
	bytes []byte
}

// NewKeys derives the keys. The first secret encrypts, all of them open. Error: there is no secret, too
// many, or one that could be guessed; it never holds the secret.
func NewKeys(secrets []string) (*Keys, error) {
	if err := checkSecrets(secrets); err != nil {
		return nil, err
	}
	secure, plain := format{encryption: jose.A256CBC_HS512}, format{encryption: jose.A256CBC_HS512}
	old := format{encryption: jose.A256GCM}
	for _, secret := range secrets {
		if err := errors.Join(secure.named(secret, SecureSessionCookie), plain.named(secret, SessionCookie), old.unnamed(secret)); err != nil {
			return nil, err
		}
	}
	k := &Keys{secret: joined(secrets), secrets: slices.Clone(secrets), formats: []format{secure, plain, old}}
	// The prefix is first: a neighbour without https cannot plant such a cookie.
	k.families = []family{
		{SecureSessionCookie, &k.formats[0]}, {SessionCookie, &k.formats[1]},
		{SecureNextAuthCookie, &k.formats[2]}, {NextAuthCookie, &k.formats[2]},
	}
	return k, nil
}

func checkSecrets(secrets []string) error {
	if len(secrets) == 0 {
		return errors.New("AUTH_SECRET is empty: set the secret that the frontend's Auth.js uses")
	}
	if len(secrets) > maxSecrets {
		return fmt.Errorf("AUTH_SECRET holds %d secrets: keep at most %d", len(secrets), maxSecrets)
	}
	for i, secret := range secrets {
		if len(secret) < minSecret {
			return fmt.Errorf("secret %d of AUTH_SECRET is shorter than %d bytes and could be guessed: make a new one with `openssl rand -base64 33`", i+1, minSecret)
		}
	}
	return nil
}

// named adds a key of version 5, whose salt is the cookie.
func (f *format) named(secret, cookie string) error {
	b, err := derive(secret, cookie, "Auth.js Generated Encryption Key ("+cookie+")", 64)
	f.keys = append(f.keys, key{id: thumbprint(b), bytes: b})
	return err
}

// unnamed adds a key of version 4.
func (f *format) unnamed(secret string) error {
	b, err := derive(secret, "", "NextAuth.js Generated Encryption Key", 32)
	f.keys = append(f.keys, key{bytes: b})
	return err
}

func derive(secret, salt, info string, size int) ([]byte, error) {
	b, err := hkdf.Key(sha256.New, []byte(secret), []byte(salt), info, size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of session tokens: %w", err)
	}
	return b, nil
}

// thumbprint is RFC 7638 by hand: go-jose has none for symmetric keys.
func thumbprint(b []byte) string {
	sum := sha512.Sum512([]byte(`{"k":"` + base64.RawURLEncoding.EncodeToString(b) + `","kty":"oct"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

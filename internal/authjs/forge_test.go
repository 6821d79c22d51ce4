package authjs_test

import (
	"crypto/hkdf"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/switchboard-voice/switchboard/internal/authjs"
)

// other is a second secret.
const other = "another-secret-do-not-use-in-production-01234567"

// made is a token as a test wants it; only the secret is right unless it says otherwise.
type made struct {
	secret, salt, info string
	encryption         jose.ContentEncryption
	kid                string
	claims             map[string]any
}

const (
	v4Info = "NextAuth.js Generated Encryption Key"
	v5Info = "Auth.js Generated Encryption Key (authjs.session-token)"
)

func v4(claims map[string]any) made {
	return made{secret: secret, info: v4Info, encryption: jose.A256GCM, claims: claims}
}

func v5(claims map[string]any) made {
	return made{secret: secret, salt: authjs.SessionCookie, info: v5Info, encryption: jose.A256CBC_HS512, claims: claims}
}

func (m made) token(t testing.TB) string {
	t.Helper()
	size := map[jose.ContentEncryption]int{jose.A128GCM: 16, jose.A256GCM: 32, jose.A256CBC_HS512: 64}[m.encryption]
	key, err := hkdf.Key(sha256.New, []byte(m.secret), []byte(m.salt), m.info, size)
	if err != nil {
		t.Fatal(err)
	}
	encrypter, err := jose.NewEncrypter(m.encryption, jose.Recipient{Algorithm: jose.DIRECT, Key: key, KeyID: m.kid}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Encrypted(encrypter).Claims(m.claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func good() map[string]any {
	return map[string]any{"sub": "ada", "iat": issued.Unix(), "exp": issued.Add(time.Hour).Unix()}
}

func with(name string, value any) map[string]any {
	claims := good()
	claims[name] = value
	if value == nil {
		delete(claims, name)
	}
	return claims
}

package authjs

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Mint writes a token for a session cookie, in the format that its name promises; it opens under the names
// of that format only, and as a bearer. Error: another name, or claims that would not open again.
func (k *Keys) Mint(cookieName string, claims Claims) (string, error) {
	if claims.Subject == "" || claims.ExpiresAt.IsZero() {
		return "", errors.New("minting a session token: it needs a subject and an expiry")
	}
	for _, f := range k.families {
		if f.cookie == cookieName {
			token, err := f.format.mint(claims)
			if err != nil {
				return "", fmt.Errorf("minting a session token: %w", err)
			}
			return token, nil
		}
	}
	return "", fmt.Errorf("minting a session token: %q is no session cookie of Auth.js", cookieName)
}

func (f *format) mint(claims Claims) (string, error) {
	newest := f.keys[0]
	encrypter, err := jose.NewEncrypter(f.encryption, jose.Recipient{Algorithm: jose.DIRECT, Key: newest.bytes, KeyID: newest.id}, nil)
	if err != nil {
		return "", err
	}
	std := jwt.Claims{
		Subject: claims.Subject, ID: claims.ID,
		IssuedAt: jwt.NewNumericDate(claims.IssuedAt), Expiry: jwt.NewNumericDate(claims.ExpiresAt),
	}
	own := profile{Name: claims.Name, Email: claims.Email, Picture: claims.Picture, Session: claims.Session}
	if claims.EmailVerified != nil {
		own.EmailVerified = verified(strconv.FormatBool(*claims.EmailVerified))
	}
	token, err := jwt.Encrypted(encrypter).Claims(std).Claims(own).Serialize()
	if err == nil && len(token) > maxToken {
		return "", errors.New("the claims are too long to be read back")
	}
	return token, err
}

package main

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/blob"
	"github.com/switchboard-voice/switchboard/internal/config"
)

// derive makes keys for one purpose out of the session secrets, so that there is one secret to rotate: the
// first key signs, and what an older one signed still opens.
func derive(c config.Config, purpose string) ([][]byte, error) {
	secrets := c.AuthSecrets()
	if len(secrets) == 0 {
		return nil, errors.New("AUTH_SECRET is missing")
	}
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, purpose, blob.MinKey)
		if err != nil {
			return nil, fmt.Errorf("deriving a key: %w", err)
		}
		keys[i] = key
	}
	return keys, nil
}

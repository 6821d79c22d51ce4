package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// seal encrypts what has to be read again, with AES-256-GCM. Each sealed text names its key, so that secrets
// can be rotated; who copies a row to another organization gets nothing, as the owner is sealed in.
type seal [][]byte

// keyMark tells the keys apart; it says nothing about them.
const keyMark = 4

func mark(key []byte) []byte {
	sum := sha256.Sum256(append([]byte("mark "), key...))
	return sum[:keyMark]
}

func (s seal) close(text, owner []byte) ([]byte, error) {
	if len(s) == 0 {
		return nil, errors.New("sealing: there is no key")
	}
	box, err := boxOf(s[0])
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return box.Seal(append(mark(s[0]), nonce...), nonce, text, owner), nil
}

func (s seal) open(sealed, owner []byte) ([]byte, error) {
	for _, key := range s {
		box, err := boxOf(key)
		if err != nil {
			return nil, err
		}
		if len(sealed) < keyMark+box.NonceSize() || string(sealed[:keyMark]) != string(mark(key)) {
			continue
		}
		rest := sealed[keyMark:]
		text, err := box.Open(nil, rest[:box.NonceSize()], rest[box.NonceSize():], owner)
		if err != nil {
			return nil, errors.New("unsealing: it was changed")
		}
		return text, nil
	}
	return nil, errors.New("unsealing: no key of ours opens it")
}

func boxOf(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("making a cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
	"golang.org/x/text/unicode/norm"
)

// OWASP's first choice of argon2id for a machine that has other things to do.
const (
	memory   = 19 << 10 // KiB
	passes   = 2
	threads  = 1
	saltSize = 16
	keySize  = 32
)

// What a hash from the database may cost, so that a row that somebody wrote cannot stop the service.
const (
	maxMemory = 256 << 10 // KiB
	maxPasses = 10
	maxCost   = 14 // of bcrypt: a second; Supabase uses 10
	maxPart   = 128
)

// current is how the hashes begin that need not be made anew.
func current() string { return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", memory, passes, threads) }

func argon2id(password string) string {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey(composed(password), salt, passes, memory, threads, keySize)
	return current() + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
}

// composed makes one of the ways to write the same characters: an é is one key here and two there.
func composed(password string) []byte { return norm.NFC.Bytes([]byte(password)) }

// nobody is a hash that costs as much to verify as a current one and that no password is known for: all zeros.
func nobody() string {
	return current() + base64.RawStdEncoding.EncodeToString(make([]byte, saltSize)) + "$" + base64.RawStdEncoding.EncodeToString(make([]byte, keySize))
}

func verify(hash, password string) (bool, error) {
	switch {
	case strings.HasPrefix(hash, "$argon2id$"):
		return verifyArgon2id(hash, password)
	case strings.HasPrefix(hash, "$2"):
		return verifyBcrypt(hash, password)
	}
	return verifyScrypt(hash, password)
}

func verifyArgon2id(hash, password string) (bool, error) {
	parts := strings.Split(hash, "$")
	var m, t uint32
	var p uint8
	if len(parts) != 6 || parts[2] != "v=19" {
		return false, errUnknown
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil || m > maxMemory || t == 0 || t > maxPasses || p == 0 {
		return false, errUnknown
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	key, failed := base64.RawStdEncoding.DecodeString(parts[5])
	if errors.Join(err, failed) != nil || len(key) < 16 || len(key) > maxPart {
		return false, errUnknown
	}
	return subtle.ConstantTimeCompare(key, argon2.IDKey(composed(password), salt, t, m, p, uint32(len(key)))) == 1, nil
}

func verifyBcrypt(hash, password string) (bool, error) {
	if cost, err := bcrypt.Cost([]byte(hash)); err != nil || cost > maxCost {
		return false, errUnknown
	}
	if len(password) > bcryptBytes {
		password = password[:bcryptBytes]
	}
	err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
	if err != nil && !errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, errUnknown
	}
	return err == nil, nil
}

// bcryptBytes are all that bcrypt looks at.
const bcryptBytes = 72

// The app before us used Node's scrypt with its defaults.
const (
	scryptN, scryptR, scryptP = 16384, 8, 1
	scryptKey                 = 64
)

// verifyScrypt reads saltHex:hashHex, whose salt is the hexadecimal text itself, not the bytes that it spells.
func verifyScrypt(hash, password string) (bool, error) {
	salt, word, ok := strings.Cut(hash, ":")
	want, err := hex.DecodeString(word)
	if !ok || err != nil || len(want) != scryptKey || salt == "" || len(salt) > maxPart {
		return false, errUnknown
	}
	got, err := scrypt.Key([]byte(password), []byte(salt), scryptN, scryptR, scryptP, scryptKey)
	if err != nil {
		return false, fmt.Errorf("deriving a key by scrypt: %w", err)
	}
	return subtle.ConstantTimeCompare(want, got) == 1, nil
}

package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// tokenBytes cannot be guessed, so that a plain hash of them is enough at rest.
const tokenBytes = 32

// purpose says what a single-use token opens; one for another purpose opens nothing.
type purpose string

const (
	verifying      purpose = "VERIFY"
	magicLink      purpose = "MAGIC_LINK"
	resetting      purpose = "RESET"
	changingEmail  purpose = "EMAIL_CHANGE"
	openingASocket purpose = "TICKET"
)

// lifetime is how long a token of this purpose opens.
func (p purpose) lifetime() time.Duration {
	switch p {
	case resetting:
		return time.Hour
	case openingASocket:
		return 30 * time.Second // a page asks for it when it is about to open the socket
	}
	return 24 * time.Hour // Auth.js's own for links in mails
}

// secretToken is a new one and what is kept of it.
func secretToken() (token string, hash []byte) {
	raw := make([]byte, tokenBytes)
	_, _ = rand.Read(raw) // never fails
	token = base64.RawURLEncoding.EncodeToString(raw)
	return token, hashOf(token)
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// grant keeps the hash of a new token for a purpose and gives the token, this once.
func grant(ctx context.Context, tx *postgres.Tx, p purpose, now time.Time, of db.InsertAccountTokenParams) (string, error) {
	token, hash := secretToken()
	of.Hash, of.Purpose, of.ExpiresAt = hash, string(p), now.Add(p.lifetime())
	if err := tx.InsertAccountToken(ctx, of); err != nil {
		return "", fmt.Errorf("keeping a token: %w", err)
	}
	return token, nil
}

// use takes a token out of the world. Error: Expired for one that is unknown, used or over: they look alike.
func use(ctx context.Context, tx *postgres.Tx, p purpose, now time.Time, token string) (*db.AccountToken, error) {
	row, err := tx.UseAccountToken(ctx, db.UseAccountTokenParams{Hash: hashOf(token), Purpose: string(p), Now: now})
	if postgres.Missing(err) {
		return nil, overdue()
	}
	if err != nil {
		return nil, fmt.Errorf("using a token: %w", err)
	}
	return row, nil
}

func overdue() *fault.Fault {
	return fault.Expired("This link was used already or has run out. Ask for a new one.")
}

func orNone(id *uuid.UUID) uuid.UUID {
	if id == nil {
		return uuid.Nil
	}
	return *id
}

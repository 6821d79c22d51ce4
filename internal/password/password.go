// Package password hashes passwords, verifies them in each format that a moved account may have, and says
// which ones nobody may choose. It keeps nothing and knows no accounts. common.txt holds the passwords
// of eight characters and more, in lower case, of zxcvbn's list of common ones (MIT, Dropbox and zxcvbn-ts).
package password

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"
)

//go:embed common.txt
var common string

const (
	// MinLength is NIST SP 800-63B's least.
	MinLength = 8
	// MaxLength lets a sentence in and keeps one that fills memory out.
	MaxLength = 128

	// AtOnce bounds what all hashing takes: 8 × 19 MiB, and no more than 8 cores.
	AtOnce = 8
	// Floor is more than the slowest of the formats takes on a small machine, so that how long an answer
	// took says neither which format an account has nor whether there is one.
	Floor = 250 * time.Millisecond
)

// Options bound the work. The zero value is right for a service.
type Options struct {
	AtOnce int           // hashes that are made at the same time; 0: AtOnce
	Floor  time.Duration // the least that a Verify takes; 0: Floor, less: none
}

// Guard hashes and verifies. It may be used by many goroutines at once.
type Guard struct {
	turns chan struct{}
	floor time.Duration
}

// New makes a guard.
func New(o Options) *Guard {
	if o.AtOnce <= 0 {
		o.AtOnce = AtOnce
	}
	if o.Floor == 0 {
		o.Floor = Floor
	}
	return &Guard{turns: make(chan struct{}, o.AtOnce), floor: o.Floor}
}

// Hash makes a new hash: argon2id in PHC's notation. Error: the context ended before it was this one's turn.
func (g *Guard) Hash(ctx context.Context, password string) (string, error) {
	if err := g.wait(ctx); err != nil {
		return "", err
	}
	defer g.leave()
	return argon2id(password), nil
}

// Verify says whether a password is the one of a hash, and whether the hash should be made anew, as it is
// of an older kind. An empty hash stands for an account that is not there: it takes as long and is never
// right. Error: the context ended, or the hash is of no kind that we know.
func (g *Guard) Verify(ctx context.Context, hash, password string) (ok, rehash bool, err error) {
	if g.floor > 0 {
		defer pause(ctx, time.Now().Add(g.floor))
	}
	if err := g.wait(ctx); err != nil {
		return false, false, err
	}
	defer g.leave()
	if hash == "" {
		_, _ = verify(nobody(), password)
		return false, false, nil
	}
	if len(password) > maxBytes {
		return false, false, nil
	}
	ok, err = verify(hash, password)
	if err != nil {
		_, _ = verify(nobody(), password)
		return false, false, err
	}
	return ok, ok && !strings.HasPrefix(hash, current()), nil
}

// maxBytes is MaxLength of the longest characters: what is longer was never taken.
const maxBytes = 4 * MaxLength

func (g *Guard) wait(ctx context.Context) error {
	select {
	case g.turns <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the turn of a password: %w", ctx.Err())
	}
}

func (g *Guard) leave() { <-g.turns }

func pause(ctx context.Context, until time.Time) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// errUnknown is a hash that no version of any app of ours wrote.
var errUnknown = errors.New("a password hash of an unknown kind")

package identity

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/limit"
)

// A password is tried under three keys. The pair of account and address stops who guesses from one place; the
// account, who guesses from many; the address, who tries many accounts. Where somebody signed in before, the
// account's key is not asked: strangers' failures do not keep them out. From elsewhere they may have to wait,
// never longer than longestWait, and links in mails open all the same.
const (
	// freeAtPair is the usual five.
	freeAtPair = 5
	// freeAtAccount is more, as it may be strangers who fail.
	freeAtAccount = 10
	// freeAtAddress is what an office mistypes behind one address.
	freeAtAddress = 50
	// freeMails is what somebody asks for who does not find the first mail.
	freeMails = 4
	// freeMailsAtAddress is for an office whose people sign up on one morning.
	freeMailsAtAddress = 30

	// firstWait is not noticed by who mistyped, and doubles.
	firstWait = time.Second
	// longestWait leaves a guesser a hundred tries a day, which NIST SP 800-63B allows, and keeps nobody out for good.
	longestWait = 15 * time.Minute
	// forgetAfter is longer than longestWait, so that waiting it out does not begin anew.
	forgetAfter = 24 * time.Hour
)

// try is a key that is counted, with how many are free.
type try struct {
	kind, value string
	free        int32
}

func (t try) key() []byte {
	sum := sha256.Sum256([]byte(t.kind + "\x00" + t.value))
	return sum[:]
}

// count is number where nobody asks for the numbers.
func (s *Service) count(ctx context.Context, tries ...try) error {
	_, err := s.number(ctx, tries...)
	return err
}

// number counts a try under each key with one statement, before it is known how it ends: many that come at once
// are counted too. It gives the try's number under each key that counted it. Error: Limit, with the time to wait; keys
// that have nobody wait have counted such a try all the same.
func (s *Service) number(ctx context.Context, tries ...try) (map[string]int32, error) {
	now := s.now()
	p := db.TryParams{Now: now, Forgotten: now.Add(-forgetAfter), Longest: longestWait, FirstWait: firstWait}
	for _, t := range tries {
		p.Keys, p.Free = append(p.Keys, t.key()), append(p.Free, t.free)
	}
	rows, err := s.store.Try(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("counting a try: %w", err)
	}
	var wait time.Duration
	numbers := make(map[string]int32, len(rows))
	for _, r := range rows {
		if r.Refused {
			wait = max(wait, r.BlockedUntil.Sub(now))
			continue
		}
		numbers[string(r.Key)] = r.Tries
	}
	if wait > 0 {
		return numbers, fault.Limit(wait, "These were too many tries. Come back in %d s.", limit.Seconds(wait))
	}
	return numbers, nil
}

// passwordTries are the keys of one sign-in. The pair and the account are the ones that success forgives.
type passwordTries struct {
	pair, account, from try
	known               bool // they signed in from there before: the account's key is not asked
}

func (t passwordTries) counted() []try {
	if t.known {
		return []try{t.pair, t.from}
	}
	return []try{t.pair, t.from, t.account}
}

func (s *Service) passwordTries(ctx context.Context, email, address string) (passwordTries, error) {
	known, err := s.store.KnowsAddress(ctx, email, address)
	if err != nil {
		return passwordTries{}, fmt.Errorf("asking for known addresses: %w", err)
	}
	return passwordTries{
		pair: try{"password at account and address", email + "\x00" + address, freeAtPair}, account: try{"password at account", email, freeAtAccount},
		from: try{"password at address", address, freeAtAddress}, known: known,
	}, nil
}

// countMail counts a mail that somebody at an address asks for; the mailbox is counted whether or not it has an
// account. Error: Limit.
func (s *Service) countMail(ctx context.Context, kind, email string, c Client) error {
	return s.count(ctx,
		try{kind, email + "\x00" + c.Address, freeMails},
		try{kind + " to mailbox", email, 2 * freeMails},
		try{"mail at address", c.Address, freeMailsAtAddress})
}

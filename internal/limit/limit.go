// Package limit counts what is asked under a key, an address, a user or an organization, and says when to come
// back. Each key has a bucket of its own, so that nobody is refused because of what another one did. It counts
// in memory, for one process, and never holds more than a fixed number of keys.
package limit

import (
	"container/list"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxKeys bounds the memory of one limit: about 350 bytes a key, 23 MB. Who owns more addresses than that
// finds some of them forgotten and their buckets full again: the other way, to refuse whom we do not know,
// would let them lock out everybody else.
const maxKeys = 1 << 16

// Config says how much one key may have.
type Config struct {
	Amount int           // each Per; 0: there is no limit
	Per    time.Duration // in which Amount comes back, little by little
	Burst  int           // at once, after a pause; Amount when it is less

	Now func() time.Time // nil: the clock
}

// Keyed is one limit for many keys. A nil one lets everything pass.
type Keyed struct {
	refill rate.Limit // a second
	burst  int
	now    func() time.Time

	mu      sync.Mutex
	buckets map[string]*list.Element
	used    *list.List // of bucket: the one that was used last is in front
}

type bucket struct {
	key    string
	tokens *rate.Limiter
}

// New makes a limit, nil where there is none.
func New(c Config) *Keyed {
	if c.Amount <= 0 {
		return nil
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Keyed{
		refill: rate.Limit(float64(c.Amount) / c.Per.Seconds()), burst: max(c.Burst, c.Amount), now: c.Now,
		buckets: map[string]*list.Element{}, used: list.New(),
	}
}

// Take takes n out of the key's bucket and gives 0, or takes nothing and says how long it lasts until there
// is enough. More than a bucket holds costs a whole one: it would else be refused for ever.
func (k *Keyed) Take(key string, n int) (wait time.Duration) {
	if k == nil {
		return 0
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	taken := k.find(key, now).ReserveN(now, min(n, k.burst))
	if wait = taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
	}
	return wait
}

// find gives the key's bucket, a full one to a new key.
func (k *Keyed) find(key string, now time.Time) *rate.Limiter {
	if known, ok := k.buckets[key]; ok {
		k.used.MoveToFront(known)
		return known.Value.(bucket).tokens
	}
	k.forget(now)
	fresh := bucket{key, rate.NewLimiter(k.refill, k.burst)}
	k.buckets[key] = k.used.PushFront(fresh)
	return fresh.tokens
}

// forget makes room. A bucket that is full again is the same as none; two are looked at for each that is
// made, so that what a crowd left behind goes without a sweep.
func (k *Keyed) forget(now time.Time) {
	for range 2 {
		oldest := k.used.Back()
		if oldest == nil {
			return
		}
		b := oldest.Value.(bucket)
		if len(k.buckets) < maxKeys && b.tokens.TokensAt(now) < float64(k.burst) {
			return
		}
		k.used.Remove(oldest)
		delete(k.buckets, b.key)
	}
}

// Seconds are what Retry-After says: whole ones, and never so few that coming back would be too early.
func Seconds(wait time.Duration) int {
	return int((wait + time.Second - 1) / time.Second)
}

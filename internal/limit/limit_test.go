package limit_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/limit"
)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// ten is a limit of ten a second, twenty at once.
func ten(c *clock) *limit.Keyed {
	return limit.New(limit.Config{Amount: 10, Per: time.Second, Burst: 20, Now: c.now})
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

// exhaust takes until there is no more.
func exhaust(k *limit.Keyed, key string) (taken int, wait time.Duration) {
	for ; taken < 1000; taken++ {
		if wait = k.Take(key, 1); wait > 0 {
			break
		}
	}
	return taken, wait
}

func TestOneKeyAtItsLimitLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	k := ten(newClock())
	if taken, _ := exhaust(k, "loud"); taken != 20 {
		t.Errorf("took %d, want 20", taken)
	}
	for i := range 100 {
		if taken, _ := exhaust(k, fmt.Sprint("quiet ", i)); taken != 20 {
			t.Fatalf("another key could take %d only", taken)
		}
	}
	if k.Take("loud", 1) == 0 {
		t.Error("others filled the bucket again")
	}
}

func TestWhatIsRefusedPassesAfterTheTimeThatWasSaidAndNotBefore(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 3, 7, 20} {
		c := newClock()
		k := ten(c)
		exhaust(k, "a")
		wait := k.Take("a", n)
		if want := time.Duration(n) * time.Second / 10; wait != want {
			t.Errorf("%d: wait %s, want %s", n, wait, want)
		}
		c.at = c.at.Add(wait - time.Millisecond)
		if k.Take("a", n) == 0 {
			t.Errorf("%d passed before its time", n)
		}
		c.at = c.at.Add(time.Millisecond)
		if again := k.Take("a", n); again != 0 {
			t.Errorf("%d must wait %s more than was said", n, again)
		}
	}
}

func TestARefusalCostsNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	k := ten(c)
	exhaust(k, "a")
	for range 1000 {
		k.Take("a", 5)
	}
	c.at = c.at.Add(time.Second)
	if taken, _ := exhaust(k, "a"); taken != 10 {
		t.Errorf("took %d after a second, want 10: whoever hammers would be locked out for good", taken)
	}
}

func TestMoreThanABucketHoldsCostsAWholeOneInsteadOfNeverPassing(t *testing.T) {
	t.Parallel()
	c := newClock()
	k := ten(c)
	if wait := k.Take("a", 1_000_000); wait != 0 {
		t.Errorf("wait %s", wait)
	}
	wait := k.Take("a", 1_000_000)
	if wait != 2*time.Second {
		t.Errorf("wait %s, want 2s", wait)
	}
	c.at = c.at.Add(wait)
	if wait := k.Take("a", 1_000_000); wait != 0 {
		t.Errorf("wait %s after the wait", wait)
	}
}

func TestWithoutAnAmountThereIsNoLimit(t *testing.T) {
	t.Parallel()
	k := limit.New(limit.Config{Per: time.Second})
	if taken, wait := exhaust(k, "a"); taken != 1000 || wait != 0 {
		t.Errorf("took %d, wait %s", taken, wait)
	}
}

func TestMemoryIsBoundedUnderAMillionKeys(t *testing.T) { // alone: it measures the memory of the process
	c := newClock()
	k := ten(c)
	before := heap()
	for i := range 1_000_000 {
		k.Take(fmt.Sprintf("2001:db8:%x:%x::/64", i>>16, i&0xffff), 1)
	}
	const most = 40 << 20
	if grown := int64(heap()) - int64(before); grown > most {
		t.Errorf("%d bytes for a million keys, want at most %d", grown, int64(most))
	}
	c.at = c.at.Add(time.Minute)
	for i := range 100_000 { // a few regulars, when the crowd has gone
		k.Take(fmt.Sprint(i%10), 1)
		c.at = c.at.Add(time.Second)
		k.Take(fmt.Sprint("new ", i), 1)
	}
	if grown := int64(heap()) - int64(before); grown > most/10 {
		t.Errorf("%d bytes are still held when the crowd has gone", grown)
	}
	runtime.KeepAlive(k)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestNobodyGetsMoreBecauseManyAskAtOnce(t *testing.T) {
	t.Parallel()
	k := ten(newClock())
	var taken atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if k.Take("a", 1) == 0 {
					taken.Add(1)
				}
			}
		})
	}
	all.Wait()
	if taken.Load() != 20 {
		t.Errorf("took %d, want 20", taken.Load())
	}
}

func TestRetryAfterIsRoundedToTheLaterSecond(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]int{0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, 90 * time.Second: 90} {
		if got := limit.Seconds(wait); got != want {
			t.Errorf("%s: %d, want %d", wait, got, want)
		}
	}
}

func TestStrangersAreCountedByTheNetworkThatIsTheirs(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]string{
		"198.51.100.7:80":           "198.51.100.7",
		"[::ffff:198.51.100.7]:80":  "198.51.100.7",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":         "fe80::/64",
		"pipe":                      "",
	} {
		if got := limit.Address(remote); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}

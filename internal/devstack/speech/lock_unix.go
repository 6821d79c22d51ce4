//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package speech

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"
)

// lockPause is how often a waiting process looks again: the other one needs seconds.
const lockPause = 200 * time.Millisecond

// lock waits until no other process, and nobody in this one, holds the file. The system lets go of it for a
// process that dies.
func lock(ctx context.Context, name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	tick := time.NewTicker(lockPause)
	defer tick.Stop()
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			f.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

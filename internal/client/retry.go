package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	// maxTries of one request come to about two seconds: a restart of the server is not noticed, and a
	// server that is not there is told of soon.
	maxTries = 4
	// firstPause doubles with each failure.
	firstPause = 250 * time.Millisecond
	// maxPause keeps somebody who waits from believing that nothing happens.
	maxPause = 10 * time.Second
	// maxPatience is the longest Retry-After that is waited for; beyond it the caller decides.
	maxPatience = 30 * time.Second
)

// backoff is the pause between two tries.
type backoff struct{ first, most time.Duration }

// pause is random in its upper half, so that many clients of one server do not come back together.
func (b backoff) pause(failures int) time.Duration {
	whole := b.most
	if doublings := failures - 1; doublings < 16 { // far beyond any cap, far below an overflow
		whole = min(b.most, b.first<<doublings)
	}
	return whole/2 + rand.N(whole/2+1)
}

// repeat tries until it works, fails for good or has failed maxTries times.
func (c *Client) repeat(ctx context.Context, try func() error) error {
	for failures := 1; ; failures++ {
		err := try()
		if err == nil || failures == maxTries {
			return err
		}
		if !c.again(ctx, err, failures) {
			return err
		}
	}
}

// again waits before the next try; false when there is to be none.
func (c *Client) again(ctx context.Context, err error, failures int) bool {
	asked, temporary := curable(err)
	if !temporary || asked > maxPatience || ctx.Err() != nil {
		return false
	}
	pause := max(asked, c.backoff.pause(failures))
	if c.config.Retrying != nil {
		c.config.Retrying(err, pause)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// curable says whether time may cure err, and how long the server asked to wait.
func curable(err error) (asked time.Duration, temporary bool) {
	var answered *Error
	if errors.As(err, &answered) {
		return answered.RetryAfter, answered.temporary()
	}
	var l lost
	return 0, errors.As(err, &l)
}

// retryAfter reads both forms of the header; 0 when there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}

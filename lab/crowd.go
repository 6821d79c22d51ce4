package lab

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// Sockets is the crowd that the project promises to serve on two cores.
	Sockets = 5000
	// ChangesPerSecond of them; each is a mutation of its own and one frame.
	ChangesPerSecond = 200
	// MaxCommitToFrame is the promise for the 99th percentile.
	MaxCommitToFrame = 100 * time.Millisecond
	// changers send the mutations: at 10 ms each a few would do.
	changers = 16
)

const cancelMutation = `mutation($id: ID!) { transcriptionCancel(id: $id) { transcription { status } userErrors { code } } }`

// Settle gives the least memory of the server that is seen for a while.
func (l *Lab) Settle(ctx context.Context, long time.Duration) (least int, err error) {
	for deadline := time.Now().Add(long); time.Now().Before(deadline); {
		now, err := l.Server.Resident()
		if err != nil {
			return 0, err
		}
		if least == 0 || now < least {
			least = now
		}
		if err := Pause(ctx, 10*PollEvery); err != nil {
			return 0, err
		}
	}
	return least, nil
}

// Crowd is sockets that are subscribed, and what they took.
type Crowd struct {
	*Gathering
	Opened time.Duration // until each had had its first event
	Before int           // the server's memory
	After  int
}

// Each is the memory of one, in KB.
func (c Crowd) Each() float64 { return float64(c.After-c.Before) / float64(len(c.Calls)) / 1000 }

// Crowd opens a socket for each call. settle is how long the garbage of opening has to go. Leave is needed also
// after an error.
func (l *Lab) Crowd(ctx context.Context, calls []Call, settle time.Duration) (c Crowd, err error) {
	if c.Before, err = l.Settle(ctx, settle); err != nil {
		return c, err
	}
	began := time.Now()
	if c.Gathering, err = Gather(ctx, l.Server, calls, nil); err != nil {
		return c, err
	}
	if err := c.First(ctx); err != nil {
		return c, err
	}
	c.Opened = time.Since(began)
	c.After, err = l.Settle(ctx, settle)
	return c, err
}

// Changes are what a crowd saw of many.
type Changes struct {
	Sent   int
	Frames []time.Duration // from commit to frame, sorted
	Rate   float64         // a second
	Cores  float64         // of the server, in use
}

// Change cancels call after call at a steady rate and times each from its event's own clock, which is read
// just before the commit, to the frame at the client.
func (l *Lab) Change(ctx context.Context, g *Gathering, long time.Duration) (c Changes, err error) {
	c.Sent = ChangesPerSecond * int(long/time.Second)
	cpu, err := l.Server.CPU()
	if err != nil {
		return c, err
	}
	sent := make(chan error, 1)
	began := time.Now()
	go func() { sent <- l.cancelAll(ctx, g.Calls[:c.Sent], began) }()
	err = g.Collect(ctx, long+Patience, func(f Frame) bool {
		if f.Event != nil && f.Event.Status == "CANCELED" {
			c.Frames = append(c.Frames, f.At.Sub(f.Event.OccurredAt))
		}
		return len(c.Frames) == c.Sent
	})
	span := time.Since(began).Seconds()
	if sending := <-sent; sending != nil {
		return c, sending
	}
	if err != nil {
		return c, err
	}
	used, err := l.Server.CPU()
	c.Rate, c.Cores = float64(c.Sent)/span, (used-cpu).Seconds()/span
	slices.Sort(c.Frames)
	return c, err
}

// cancelAll keeps to the timetable whatever the answers take, as the users of a service would.
func (l *Lab) cancelAll(ctx context.Context, calls []Call, began time.Time) error {
	client := &http.Client{Timeout: Patience, Transport: &http.Transport{MaxIdleConnsPerHost: changers}}
	defer client.CloseIdleConnections()
	next := make(chan Call, len(calls))
	failed := make([]error, changers)
	var all sync.WaitGroup
	for i := range changers {
		all.Go(func() {
			for c := range next {
				if failed[i] == nil {
					failed[i] = l.cancel(ctx, client, c)
				}
			}
		})
	}
	for i, c := range calls {
		if err := Pause(ctx, time.Until(began.Add(time.Duration(i)*time.Second/ChangesPerSecond))); err != nil {
			break
		}
		next <- c
	}
	close(next)
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (l *Lab) cancel(ctx context.Context, client *http.Client, c Call) error {
	body, err := l.Ask(ctx, client, c.Token, cancelMutation, map[string]any{"id": c.Transcription.String()})
	if err != nil {
		return err
	}
	if !strings.Contains(body, `"status":"CANCELED"`) {
		return fmt.Errorf("a mutation answered %.300s", body)
	}
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// idle sockets look at transcriptions that do not change.
	idle = 1000
	// perPerson is what one person may have open, with some to spare.
	perPerson = 18
	// dialers open sockets at the same time; more would only queue for the two cores.
	dialers = 8
	// warm sockets fill the server's pools and caches before its memory is read for the first time.
	warm = 20
	// settleFor lets the garbage of opening go, as the server does within 20 s: the least of what is seen counts.
	settleFor = 25 * time.Second
)

const watchQuery = `subscription($id: ID!, $after: String) { transcriptionStatus(transcriptionId: $id, after: $after) {
	cursor status previousStatus occurredAt replayed } }`

// crowd is sockets that are subscribed and silent.
type crowd struct {
	ctx    context.Context
	leave  context.CancelFunc
	all    sync.WaitGroup
	failed chan error // the first that ended
}

// measureSockets looks at memory first and then, with these sockets open, at how long news takes.
func (l *bench) measureSockets(ctx context.Context, t *table) (err error) {
	c, err := l.openSockets(ctx, t)
	if c != nil {
		defer func() { err = errors.Join(err, c.end()) }()
	}
	if err != nil {
		return err
	}
	return l.measureLatency(ctx, t)
}

// openSockets fills the row of memory a socket and leaves the sockets open for the next measurement.
func (l *bench) openSockets(ctx context.Context, t *table) (*crowd, error) {
	if err := l.restartServer(ctx); err != nil {
		return nil, err
	}
	c := &crowd{failed: make(chan error, 1)}
	c.ctx, c.leave = context.WithCancel(ctx)
	if err := l.join(c, 0, warm); err != nil {
		return c, err
	}
	before, err := l.Settle(ctx, settleFor)
	if err != nil {
		return c, err
	}
	if err := l.join(c, warm, idle); err != nil {
		return c, err
	}
	after, err := l.Settle(ctx, settleFor)
	if err != nil {
		return c, err
	}
	each := float64(after-before) / float64(idle-warm) / 1000
	say("memory: %d and %d bytes", before, after)
	t.add(row{
		what: "Memory of an idle subscribed socket, of 1,000", ours: fmt.Sprintf("%.0f KB", each), bound: fmt.Sprintf("at most %d KB", maxSocket),
	}, each <= maxSocket*noise)
	return c, nil
}

// join opens the sockets of the watched transcriptions from one to another and waits until each has had
// its first message.
func (l *bench) join(c *crowd, from, to int) error {
	next, done := make(chan int), make(chan error, dialers)
	for range dialers {
		go func() {
			for i := range next {
				if err := l.watch(c, i); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	var failed error
	for i := from; i < to && failed == nil; {
		select {
		case next <- i:
			i++
		case failed = <-done:
		}
	}
	close(next)
	waiting := dialers
	if failed != nil {
		waiting--
	}
	for range waiting {
		failed = errors.Join(failed, <-done)
	}
	return failed
}

// watch opens one socket that stays until the crowd leaves.
func (l *bench) watch(c *crowd, i int) error {
	token, err := l.Token(l.people[i/perPerson])
	if err != nil {
		return err
	}
	first := make(chan struct{}, 1)
	ended := make(chan error, 1)
	c.all.Go(func() {
		err := follow(c.ctx, l.Server, token, l.watched[i], func(string) { wake(first) })
		if c.ctx.Err() == nil {
			ended <- fmt.Errorf("an idle socket ended: %w", err)
			select {
			case c.failed <- err:
			default: // one is known
			}
		}
	})
	select {
	case <-first:
		return nil
	case err := <-ended:
		return err
	case <-time.After(lab.Patience):
		return fmt.Errorf("a socket had no first message within %s", lab.Patience)
	}
}

// follow tells each status of a transcription until it is final.
func follow(ctx context.Context, p *lab.Process, token string, id ids.ID, each func(status string)) error {
	c := client.New(client.Config{Server: p.URL, Token: token})
	return c.Subscribe(ctx, watchQuery, map[string]any{"id": id.String()}, func(data json.RawMessage) error {
		var event struct{ TranscriptionStatus struct{ Status string } }
		if err := json.Unmarshal(data, &event); err != nil {
			return fmt.Errorf("decoding a status: %w", err)
		}
		each(event.TranscriptionStatus.Status)
		return nil
	})
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // it is known
	}
}

// end closes the sockets; an error says that one had ended before.
func (c *crowd) end() error {
	c.leave()
	c.all.Wait()
	select {
	case err := <-c.failed:
		return fmt.Errorf("an idle socket ended: %w", err)
	default:
		return nil
	}
}

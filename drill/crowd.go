package main

import (
	"context"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// changeFor is how long the changes go on.
	changeFor = 20 * time.Second
	// maxSocket, in KB, is what one subscribed socket may take with the garbage of opening 5,000 at once, for
	// which the heap grows to twice of what lives. make bench holds sockets that came one by one to less.
	maxSocket = 80
	// settleFor lets the garbage of opening go: the least of what is seen meanwhile counts.
	settleFor = 10 * time.Second
	// kept are connections that may stay open when the sockets have gone: of the mutations, and of the pool.
	kept = 26
)

func crowd(ctx context.Context, l *stage) error {
	calls, err := l.Seed(ctx, lab.Sockets)
	if err != nil {
		return err
	}
	idleFiles, err := l.Server.Descriptors()
	if err != nil {
		return err
	}
	c, err := l.Crowd(ctx, calls, settleFor)
	defer c.Leave()
	if err != nil {
		return err
	}
	l.saw("%d sockets of %d people in %d organizations were subscribed within %s; %d times one was told to come later",
		lab.Sockets, lab.Organizations*lab.PeopleEach, lab.Organizations, c.Opened.Round(10*time.Millisecond), c.Again.Load())
	l.promise(c.Each() < maxSocket, "memory: %.1f KB a subscribed socket (at most %d), %d MB in all", c.Each(), maxSocket, c.After>>20)
	changes, err := l.Change(ctx, c.Gathering, changeFor)
	l.promise(err == nil, "%d changes, %d frames", changes.Sent, len(changes.Frames))
	if err != nil {
		return err
	}
	l.saw("%.0f changes a second for %s, with %.2f cores in the server", changes.Rate, changeFor, changes.Cores)
	p99 := lab.Percentile(changes.Frames, 99)
	l.promise(p99 < lab.MaxCommitToFrame, "commit to frame: p50 %s, p90 %s, p99 %s (less than %s), longest %s", ms(lab.Percentile(changes.Frames, 50)),
		ms(lab.Percentile(changes.Frames, 90)), ms(p99), lab.MaxCommitToFrame, ms(lab.Percentile(changes.Frames, 100)))
	c.Leave()
	err = lab.Eventually(ctx, "the descriptors to come back", func() (bool, error) {
		n, err := l.Server.Descriptors()
		return n <= idleFiles+kept, err
	})
	l.promise(err == nil, "descriptors come back after the sockets have left")
	return nil
}

func ms(d time.Duration) string { return lab.Milliseconds(d) }

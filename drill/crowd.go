package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// sockets is the crowd that the project promises to serve on two cores.
	sockets = 5000
	// changes a second, for so long; each is a mutation of its own and one frame.
	changesPerSecond, changeFor = 200, 20 * time.Second
	// changers send the mutations: at 10 ms each a few would do.
	changers = 16
	// maxCommitToFrame is the promise for the 99th percentile.
	maxCommitToFrame = 100 * time.Millisecond
	// maxSocket, in KB, is what one subscribed socket may take with the garbage of opening 5,000 at once, for
	// which the heap grows to twice of what lives. make bench holds sockets that came one by one to less.
	maxSocket = 80
	// settleFor lets the garbage of opening go: the least of what is seen meanwhile counts.
	settleFor = 10 * time.Second
)

const cancelMutation = `mutation($id: ID!) { transcriptionCancel(id: $id) { transcription { status } userErrors { code } } }`

func crowd(ctx context.Context, l *lab) error {
	calls, err := l.seed(ctx, sockets)
	if err != nil {
		return err
	}
	idleFiles, err := l.server.descriptors()
	if err != nil {
		return err
	}
	before, err := l.settle(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	g, err := gather(ctx, l.server, calls, nil)
	if err != nil {
		return err
	}
	defer g.leave()
	if err := g.first(ctx); err != nil {
		return err
	}
	l.saw("%d sockets of %d people in %d organizations were subscribed within %s; %d times one was told to come later",
		sockets, organizations*peopleEach, organizations, time.Since(began).Round(10*time.Millisecond), g.again.Load())
	after, err := l.settle(ctx)
	if err != nil {
		return err
	}
	each := float64(after-before) / sockets / 1000
	l.promise(each < maxSocket, "memory: %.1f KB a subscribed socket (at most %d), %d MB in all", each, maxSocket, after>>20)
	if err := l.change(ctx, g); err != nil {
		return err
	}
	g.leave()
	err = eventually(ctx, "the descriptors to come back", func() (bool, error) {
		n, err := l.server.descriptors()
		return n <= idleFiles+changers+10, err // connections of the mutations, and of the pool, may stay open
	})
	l.promise(err == nil, "descriptors come back after the sockets have left")
	return nil
}

// settle gives the least memory that is seen for a while.
func (l *lab) settle(ctx context.Context) (least int, err error) {
	for deadline := time.Now().Add(settleFor); time.Now().Before(deadline); {
		now, err := l.server.resident()
		if err != nil {
			return 0, err
		}
		if least == 0 || now < least {
			least = now
		}
		if err := pause(ctx, 10*pollEvery); err != nil {
			return 0, err
		}
	}
	return least, nil
}

// change cancels call after call at a steady rate and times each from its event's own clock, which is read
// just before the commit, to the frame at the client.
func (l *lab) change(ctx context.Context, g *gathering) error {
	n := changesPerSecond * int(changeFor/time.Second)
	cpu, err := l.server.cpu()
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	began := time.Now()
	go func() { sent <- l.cancelAll(ctx, g.calls[:n], began) }()
	var took []time.Duration
	var ended time.Time
	err = g.collect(ctx, changeFor+patience, func(f frame) bool {
		if f.event != nil && f.event.Status == "CANCELED" {
			took, ended = append(took, f.at.Sub(f.event.OccurredAt)), f.at
		}
		return len(took) == n
	})
	if sending := <-sent; sending != nil {
		return sending
	}
	l.promise(err == nil, "%d changes, %d frames", n, len(took))
	if err != nil {
		return err
	}
	used, err := l.server.cpu()
	if err != nil {
		return err
	}
	span := ended.Sub(began)
	l.saw("%.0f changes a second for %s, with %.2f cores in the server", float64(n)/span.Seconds(), span.Round(100*time.Millisecond), (used-cpu).Seconds()/span.Seconds())
	slices.Sort(took)
	p99 := percentile(took, 99)
	l.promise(p99 < maxCommitToFrame, "commit to frame: p50 %s, p90 %s, p99 %s (less than %s), longest %s", ms(percentile(took, 50)), ms(percentile(took, 90)), ms(p99), maxCommitToFrame, ms(took[n-1]))
	return nil
}

func percentile(sorted []time.Duration, percent int) time.Duration {
	return sorted[(len(sorted)-1)*percent/100]
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// cancelAll keeps to the timetable whatever the answers take, as the users of a service would.
func (l *lab) cancelAll(ctx context.Context, calls []call, began time.Time) error {
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: changers}}
	defer client.CloseIdleConnections()
	next := make(chan call, len(calls))
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
		if err := pause(ctx, time.Until(began.Add(time.Duration(i)*time.Second/changesPerSecond))); err != nil {
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

func (l *lab) cancel(ctx context.Context, client *http.Client, c call) error {
	body, err := l.ask(ctx, client, c.token, cancelMutation, map[string]any{"id": c.transcription.String()})
	if err != nil {
		return err
	}
	if !strings.Contains(body, `"status":"CANCELED"`) {
		return fmt.Errorf("a mutation answered %.300s", body)
	}
	return nil
}

// ask runs one operation over HTTP and gives the answer's text.
func (l *lab) ask(ctx context.Context, client *http.Client, token, query string, variables map[string]any) (string, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return "", fmt.Errorf("encoding an operation: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.server.url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		return "", fmt.Errorf("making a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking: %w", err)
	}
	return text(response)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// maxDrain is what platforms give between SIGTERM and SIGKILL.
	maxDrain = 30 * time.Second
	// minSpread is how far apart the first and the last tenth of the sockets are closed at the least: who
	// comes back at once must not meet all the others.
	minSpread = 2 * time.Second
	// askers send requests all the time, as the connections of a load balancer do.
	askers = 8
	// probeEvery is how often the load balancer of the drill asks whether it may go on.
	probeEvery = 200 * time.Millisecond
)

func terminate(ctx context.Context, l *stage) error {
	calls, err := l.Seed(ctx, lab.Sockets)
	if err != nil {
		return err
	}
	g, err := lab.Gather(ctx, l.Server, calls, nil)
	if err != nil {
		return err
	}
	defer g.Leave()
	if err := g.First(ctx); err != nil {
		return err
	}
	load := l.ply(ctx, calls)
	if err := lab.Pause(ctx, 2*time.Second); err != nil { // requests are under way by then
		return err
	}
	slow, err := l.halfSent()
	if err != nil {
		return err
	}
	defer slow.close()
	began := time.Now()
	if err := l.Server.Terminate(); err != nil {
		return fmt.Errorf("terminating the server: %w", err)
	}
	if err := lab.Pause(ctx, 2*time.Second); err != nil {
		return err
	}
	status, err := slow.finish()
	l.promise(err == nil && status == http.StatusOK, "a webhook whose second half came 2 s after SIGTERM: %d %v", status, err)
	sent, lost := load.wait()
	l.promise(lost == nil, "%d requests until readiness said no, none lost: %v", sent, lost)
	exit := l.Server.Wait()
	took := time.Since(began)
	l.promise(exit == nil && took < maxDrain, "it ended after %s (less than %s): %v", took.Round(100*time.Millisecond), maxDrain, exit)
	l.closes(g, began)
	return nil
}

// closes looks at how each socket was told to come back.
func (l *stage) closes(g *lab.Gathering, began time.Time) {
	var at []time.Duration
	codes := map[int]int{}
	for f := range g.Ended() {
		if f.Ended == nil {
			continue
		}
		var closed *websocket.CloseError
		if errors.As(f.Ended, &closed) {
			codes[closed.Code]++
		} else {
			codes[0]++
		}
		at = append(at, f.At.Sub(began))
	}
	l.promise(codes[websocket.CloseServiceRestart] == lab.Sockets, "sockets by close code: %v", codes)
	if len(at) == 0 {
		return
	}
	slices.Sort(at)
	spread := lab.Percentile(at, 90) - lab.Percentile(at, 10)
	l.promise(spread > minSpread, "closed from %s to %s after SIGTERM; first and last tenth %s apart (more than %s)",
		ms(at[0]), ms(at[len(at)-1]), spread.Round(10*time.Millisecond), minSpread)
}

// load is requests that go on until readiness says no.
type load struct {
	all  sync.WaitGroup
	sent atomic.Int64
	stop atomic.Bool
	lost []error
}

func (l *stage) ply(ctx context.Context, calls []lab.Call) *load {
	load := &load{lost: make([]error, askers)}
	client := &http.Client{Timeout: lab.Patience, Transport: &http.Transport{MaxIdleConnsPerHost: askers}}
	for i := range askers {
		load.all.Go(func() {
			for n := i; !load.stop.Load() && ctx.Err() == nil; n++ {
				c := calls[n%len(calls)]
				answer, err := l.Ask(ctx, client, c.Token, "query($id: ID!) { transcription(id: $id) { status } }", map[string]any{"id": c.Transcription.String()})
				if err == nil && !strings.Contains(answer, `"PROCESSING"`) {
					err = fmt.Errorf("answered with %.200s", answer)
				}
				if err != nil {
					load.lost[i] = err
					return
				}
				load.sent.Add(1)
			}
		})
	}
	load.all.Go(func() {
		defer load.stop.Store(true)
		for lab.Pause(ctx, probeEvery) == nil {
			if status, _, err := lab.Get(l.Server.URL + "/ready"); err != nil || status != http.StatusOK {
				return
			}
		}
	})
	return load
}

func (l *load) wait() (int64, error) {
	l.all.Wait()
	return l.sent.Load(), errors.Join(l.lost...)
}

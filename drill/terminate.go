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
	"syscall"
	"time"

	"github.com/gorilla/websocket"
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

func terminate(ctx context.Context, l *lab) error {
	calls, err := l.seed(ctx, sockets)
	if err != nil {
		return err
	}
	g, err := gather(ctx, l.server, calls, nil)
	if err != nil {
		return err
	}
	defer g.leave()
	if err := g.first(ctx); err != nil {
		return err
	}
	load := l.ply(ctx, calls)
	if err := pause(ctx, 2*time.Second); err != nil { // requests are under way by then
		return err
	}
	slow, err := l.halfSent()
	if err != nil {
		return err
	}
	defer slow.close()
	began := time.Now()
	if err := l.server.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("terminating the server: %w", err)
	}
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	status, err := slow.finish()
	l.promise(err == nil && status == http.StatusOK, "a webhook whose second half came 2 s after SIGTERM: %d %v", status, err)
	sent, lost := load.wait()
	l.promise(lost == nil, "%d requests until readiness said no, none lost: %v", sent, lost)
	exit := l.server.wait()
	took := time.Since(began)
	l.promise(exit == nil && took < maxDrain, "it ended after %s (less than %s): %v", took.Round(100*time.Millisecond), maxDrain, exit)
	l.closes(g, began)
	return nil
}

// closes looks at how each socket was told to come back.
func (l *lab) closes(g *gathering, began time.Time) {
	g.readers.Wait()
	close(g.frames)
	var at []time.Duration
	codes := map[int]int{}
	for f := range g.frames {
		if f.ended == nil {
			continue
		}
		var closed *websocket.CloseError
		if errors.As(f.ended, &closed) {
			codes[closed.Code]++
		} else {
			codes[0]++
		}
		at = append(at, f.at.Sub(began))
	}
	l.promise(codes[websocket.CloseServiceRestart] == sockets, "sockets by close code: %v", codes)
	if len(at) == 0 {
		return
	}
	slices.Sort(at)
	spread := percentile(at, 90) - percentile(at, 10)
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

func (l *lab) ply(ctx context.Context, calls []call) *load {
	load := &load{lost: make([]error, askers)}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: askers}}
	for i := range askers {
		load.all.Go(func() {
			for n := i; !load.stop.Load() && ctx.Err() == nil; n++ {
				c := calls[n%len(calls)]
				answer, err := l.ask(ctx, client, c.token, "query($id: ID!) { transcription(id: $id) { status } }", map[string]any{"id": c.transcription.String()})
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
		for pause(ctx, probeEvery) == nil {
			if status, _, err := get(l.server.url + "/ready"); err != nil || status != http.StatusOK {
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

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/httpserver"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

const (
	// requestsTimeout and jobsTimeout follow each other and stay, with the 3 s in which canceled jobs are put
	// back and the process signs off, below the 30 s that platforms give between SIGTERM and SIGKILL. A job that is cut runs again
	// elsewhere; a request is not, so that requests get more.
	requestsTimeout = 16 * time.Second
	jobsTimeout     = 9 * time.Second
	// pollSweep is how often changes of other processes are looked for where nothing can listen.
	pollSweep = time.Second
)

// run serves until ctx ends and then drains, in the order in which work arrives: no new requests, the
// running ones and the sockets, the jobs, what they all stand on.
func (a *app) run(ctx context.Context, started func()) error {
	listener, err := listen(a.config.Port)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	stopMetrics, err := a.serveMetrics(failed)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := httpserver.New(a.handler)
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	var running sync.WaitGroup
	a.startBackground(background, &running)
	if err := a.queue.Start(ctx); err != nil {
		return err
	}
	go func() { failed <- server.Serve(listener) }()
	slog.Info("serving", "port", a.config.Port, "version", version())
	if started != nil {
		started()
	}
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	slog.Info("draining")
	err = errors.Join(err, a.drain(server))
	stopBackground()
	running.Wait()
	stopMetrics()
	a.jobPool.Close()
	a.store.Close()
	a.closeTraces()
	slog.Info("stopped")
	return err
}

// startBackground starts what a process does besides answering: one listener, one publisher, one sweep.
func (a *app) startBackground(ctx context.Context, running *sync.WaitGroup) {
	every := pollSweep
	if a.listens {
		every = activity.SweepEvery
		listener := postgres.Listener{URL: a.config.DirectURL(), Heard: a.hub.Heard, Missed: a.hub.WakeAll}
		running.Go(func() { listener.Run(ctx) })
		running.Go(func() { a.hub.Run(ctx, a.store.Notify) })
	}
	running.Go(func() { a.activity.Sweep(ctx, every) })
	opened := func() uint64 { return a.graph.Sockets.Stats().Opened }
	running.Go(func() { slim(ctx, opened) })
	running.Go(func() { makeRoom(ctx, opened) })
}

func (a *app) drain(server *httpserver.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), requestsTimeout)
	defer cancel()
	server.Refuse()
	sockets := make(chan error, 1)
	go func() { sockets <- a.graph.Shutdown(ctx) }()
	err := errors.Join(server.Drain(ctx), <-sockets)
	stopping, done := context.WithTimeout(context.Background(), jobsTimeout) // its own: slow requests must not use it up
	defer done()
	return errors.Join(err, a.queue.Stop(stopping))
}

// serveMetrics opens the internal port; 0 leaves it closed.
func (a *app) serveMetrics(failed chan<- error) (stop func(), err error) {
	if a.config.MetricsPort == 0 {
		return func() {}, nil
	}
	listener, err := listen(a.config.MetricsPort)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: a.metrics.Handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second} // a scrape is short
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serving metrics: %w", err)
		}
	}()
	return func() { _ = server.Close() }, nil
}

// listen says in one sentence what to do when the port is taken.
func listen(port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return nil, fmt.Errorf("port %d cannot be opened (is something else running there? set PORT or METRICS_PORT to another one): %w", port, err)
	}
	return listener, nil
}

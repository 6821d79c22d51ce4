package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// tracesTimeout fits the second that is left of a platform's 30 s after requests and jobs. Who cannot take the
// last traces in it is not waited for.
const tracesTimeout = time.Second

// openTraces begins to trace when the environment names a collector. The standard variables are not in
// config: OpenTelemetry reads them itself.
func (a *app) openTraces(ctx context.Context) (err error) {
	a.traces, err = telemetry.NewTracing(ctx, os.Getenv, version())
	return err
}

func (a *app) closeTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), tracesTimeout)
	defer cancel()
	if err := a.traces.Shutdown(ctx); err != nil {
		slog.Warn("some traces are lost", "error", err)
	}
}

// callsOut is the client for a provider's API; nil, where nothing is traced, lets it make its own.
func (a *app) callsOut() *http.Client {
	if a.traces == nil {
		return nil
	}
	return &http.Client{Transport: a.traces.Transport(http.DefaultTransport)}
}

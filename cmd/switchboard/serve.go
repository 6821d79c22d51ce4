package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/caarlos0/env/v11"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

type serveCommand struct{}

// Run serves with what the environment says, and refuses to start on anything that is missing or unsafe.
func (serveCommand) Run(ctx context.Context) error {
	c, err := environment()
	if err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	logTo(c, config.JSON)
	for _, sentence := range c.Warnings() {
		slog.Warn(sentence)
	}
	a, err := build(ctx, c)
	if err != nil {
		return err
	}
	return a.run(ctx, nil)
}

func environment() (config.Config, error) { return config.Load(env.ToMap(os.Environ())) }

// logTo makes the process's logger; otherwise is the format where the environment names none.
func logTo(c config.Config, otherwise config.LogFormat) {
	format := c.LogFormat
	if format == "" {
		format = otherwise
	}
	slog.SetDefault(telemetry.Logger(os.Stderr, string(format), c.LogLevel))
}

// withDatabase opens what a tool needs that only asks the database.
func withDatabase(c config.Config) error {
	if c.PooledURL() == "" {
		return fmt.Errorf("NEON_PG_CONN or DATABASE_URL is missing: it says where the database is")
	}
	return nil
}

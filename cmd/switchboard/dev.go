package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/devstack/database"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
	"github.com/switchboard-voice/switchboard/internal/telephony"
)

type devCommand struct{}

// demo is who make run signs in.
var demo = identity.Seed{
	Email: "demo@switchboard.test", UserName: "Demo user", Organization: "Demo organization", Slug: "demo", Role: access.Owner,
}

// dev is one run of the development stack.
type dev struct {
	config config.Config
	left   left
	phone  string // address of the local telephone service; empty without one
	began  time.Time
	places []place
}

// Run starts what is not configured, then the service, then, the first time, shows the whole walk.
func (devCommand) Run(ctx context.Context) (err error) {
	c, err := environment()
	if err != nil {
		return err
	}
	d := &dev{config: c, began: time.Now()}
	if err := freePort(c.Port); err != nil {
		return err
	}
	if d.left, err = recall(c.Home); err != nil {
		return err
	}
	log, err := d.logToFile()
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	d.makeUp()
	stopDatabase, err := d.database(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopDatabase()) }()
	stopSpeech, err := d.speech(ctx)
	if err != nil {
		return err
	}
	defer stopSpeech()
	stopPayments, err := d.payments()
	if err != nil {
		return err
	}
	defer stopPayments()
	stopMail, err := d.mailbox()
	if err != nil {
		return err
	}
	defer stopMail()
	stopTelephone, err := d.telephone()
	if err != nil {
		return err
	}
	defer stopTelephone()
	return d.serve(ctx)
}

// say prints a step with the time since the start.
func (d *dev) say(format string, args ...any) {
	fmt.Printf("%6.1fs  %s\n", time.Since(d.began).Seconds(), fmt.Sprintf(format, args...))
}

// freePort asks before anything is started.
func freePort(port int) error {
	listener, err := listen(port)
	if err != nil {
		return err
	}
	return listener.Close()
}

// logToFile leaves the terminal to the steps; warnings come there too.
func (d *dev) logToFile() (*os.File, error) {
	name := filepath.Join(d.config.Home, "switchboard.log")
	file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log %s (is the disk full?): %w", name, err)
	}
	slog.SetDefault(telemetry.Logger(file, string(config.Text), d.config.LogLevel))
	return file, nil
}

// makeUp fills in what serve would refuse to start without.
func (d *dev) makeUp() {
	made := len(d.config.AuthSecrets()) == 0 || len(d.config.AssemblyAIWebhookSecrets) == 0
	ownDatabase := d.config.PooledURL() == ""
	d.config = d.left.over(d.config)
	if ownDatabase {
		d.config.DatabaseURL = ""
	}
	if d.config.BackendURL == "" {
		d.config.BackendURL = "http://localhost:" + strconv.Itoa(d.config.Port)
	}
	if len(d.config.Origins()) == 0 {
		d.config.AllowedOrigins = []string{"http://localhost:3000"} // where next dev serves pages
	}
	if os.Getenv("METRICS_PORT") == "" {
		d.config.MetricsPort = 0
	}
	if d.config.AssemblyAIKey == "" && os.Getenv("TRANSCRIPTION_ANALYSIS") == "" {
		d.config.Analysis = nil // the local speech service refuses what it cannot do
	}
	d.config.GraphiQL, d.config.Introspection = true, true
	if made {
		d.say("secrets that nobody set are made up, and kept in %s", filepath.Join(d.config.Home, leftName))
		d.say("webhooks carry  X-Webhook-Secret: %s", d.config.AssemblyAIWebhookSecrets[0])
	}
}

func (d *dev) database(ctx context.Context) (stop func() error, err error) {
	stop = func() error { return nil }
	if d.config.PooledURL() == "" {
		d.say("starting a Postgres of its own")
		server, err := database.Start(ctx, database.Options{Home: filepath.Join(d.config.Home, "postgres"), Durable: true, Say: d.say})
		if err != nil {
			return nil, err
		}
		d.config.DatabaseURL, stop = server.URL, server.Stop
	}
	applied, err := postgres.Migrate(ctx, d.config.DirectURL(), schema.Files)
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	d.say("database ready, %d migrations applied", applied)
	return stop, nil
}

// serve builds and runs the house, with the demo organization in it.
func (d *dev) serve(ctx context.Context) error {
	a, err := build(ctx, d.config)
	if err != nil {
		return err
	}
	if _, err := a.people.Plant(ctx, demo); err != nil {
		return err
	}
	if err := d.giveNumber(ctx, telephony.NewNumbers(a.store)); err != nil {
		return err
	}
	token, err := a.people.Token(ctx, demo.Email)
	if err != nil {
		return err
	}
	d.left.DatabaseURL, d.left.Server = d.config.PooledURL(), d.config.PublicURL()
	if err := errors.Join(d.left.keep(d.config.Home), writeAside(filepath.Join(d.config.Home, tokenName), []byte(token+"\n"))); err != nil {
		return err
	}
	var showing sync.WaitGroup
	err = a.run(ctx, func() { showing.Go(func() { d.show(ctx, token) }) })
	showing.Wait()
	d.say("stopped")
	return err
}

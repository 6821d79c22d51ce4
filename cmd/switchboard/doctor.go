package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

type doctorCommand struct {
	Fix bool `help:"Mend what can be mended from here: let the web app's pages upload to the bucket (CORS)."`
}

// check is one question to the world.
type check struct {
	name string
	ask  func(context.Context, config.Config) error
}

// checkTimeout is for one question to the world.
const checkTimeout = 10 * time.Second

// Run asks everything that the service needs and says what is wrong, all of it.
func (d doctorCommand) Run(ctx context.Context) error {
	c, err := environment()
	if err != nil {
		return err
	}
	logTo(c, config.Text)
	bad := 0
	for _, check := range append([]check{
		{"configuration", func(_ context.Context, c config.Config) error { return c.Check() }},
		{"database, for queries", checkPooled},
		{"database, direct (LISTEN, migrations)", checkDirect},
		{"bucket", checkBucket},
		{"bucket takes uploads from the web app's pages (CORS)", d.checkOrigins},
		{"BACKEND_URL reaches this service", checkPublic},
		{"speech provider", checkProvider},
	}, vendorChecks(c)...) {
		asking, cancel := context.WithTimeout(ctx, checkTimeout)
		err := check.ask(asking, c)
		cancel()
		if err != nil {
			bad++
			fmt.Printf("wrong  %s: %v\n", check.name, err)
			continue
		}
		fmt.Printf("fine   %s\n", check.name)
	}
	for _, sentence := range c.Warnings() {
		fmt.Printf("note   %s\n", sentence)
	}
	if bad > 0 {
		return fmt.Errorf("%d of the checks found something wrong", bad)
	}
	return nil
}

func checkPooled(ctx context.Context, c config.Config) error {
	if err := withDatabase(c); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, postgres.Config{URL: c.PooledURL(), MaxConns: 1})
	if err != nil {
		return err
	}
	defer store.Close()
	return errors.Join(store.Ready(ctx), store.Migrated(ctx, schema.Files))
}

func checkDirect(ctx context.Context, c config.Config) error {
	if err := withDatabase(c); err != nil {
		return err
	}
	return postgres.CanListen(ctx, c.DirectURL())
}

// checkPublic asks the public address who it is.
func checkPublic(ctx context.Context, c config.Config) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.PublicURL()+"/health", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("nothing answers (is the service running, and does its proxy pass /health on?): %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var who struct{ Service string }
	if err := json.NewDecoder(response.Body).Decode(&who); err != nil || who.Service != "switchboard" {
		return fmt.Errorf("something else answers there, with status %d: pass /health, /graphql, /api/webhooks, /blobs and /download on to this service", response.StatusCode)
	}
	return nil
}

func checkProvider(ctx context.Context, c config.Config) error {
	provider := assemblyai.New(assemblyai.Config{BaseURL: c.AssemblyAIBaseURL, Key: c.AssemblyAIKey})
	_, err := provider.List(ctx, assemblyai.ListParams{Limit: 1})
	return err
}

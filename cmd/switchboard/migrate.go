package main

import (
	"context"
	"fmt"

	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply what is missing. Several processes may do this at once."`
	Status migrateStatus `cmd:"" help:"List the migrations."`
}

type migrateUp struct{}

func (migrateUp) Run(ctx context.Context) error {
	url, err := directURL()
	if err != nil {
		return err
	}
	applied, err := postgres.Migrate(ctx, url, schema.Files)
	if err != nil {
		return err
	}
	fmt.Printf("%d migrations applied\n", applied)
	return nil
}

type migrateStatus struct{}

func (migrateStatus) Run(ctx context.Context) error {
	url, err := directURL()
	if err != nil {
		return err
	}
	list, err := postgres.Status(ctx, url, schema.Files)
	for _, m := range list {
		word := "missing"
		if m.Applied {
			word = "applied"
		}
		fmt.Printf("%s  %s\n", word, m.File)
	}
	return err
}

// directURL is where migrations go; a tool needs no other variable.
func directURL() (string, error) {
	c, err := environment()
	if err != nil {
		return "", err
	}
	return c.DirectURL(), withDatabase(c)
}

package main

import (
	"context"
	"fmt"

	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/telephony"
)

type numberCommand struct {
	List   numberList   `cmd:"" help:"List telephone numbers and whose they are."`
	Add    numberAdd    `cmd:"" help:"Give a number of the account at SignalWire to an organization."`
	Remove numberRemove `cmd:"" help:"Take a number away from its organization; its calls stay."`
}

type numberList struct{}

// Run prints one number a line.
func (numberList) Run(ctx context.Context) error {
	return withNumbers(ctx, func(numbers *telephony.Numbers) error {
		list, err := numbers.List(ctx)
		for _, n := range list {
			label := ""
			if n.Label != nil {
				label = *n.Label
			}
			fmt.Printf("%-16s  %-24s  %s\n", n.Number, n.Slug, label)
		}
		return err
	})
}

type numberAdd struct {
	Organization string `arg:"" help:"The organization's slug."`
	Number       string `arg:"" help:"As in +12025550123. At SignalWire, its calls must be handled by POST to BACKEND_URL/api/voice/answer."`
	Label        string `help:"What the organization sees beside it."`
}

// Run assigns the number; again, it changes nothing.
func (c numberAdd) Run(ctx context.Context) error {
	return withNumbers(ctx, func(numbers *telephony.Numbers) error {
		var label *string
		if c.Label != "" {
			label = &c.Label
		}
		return numbers.Assign(ctx, c.Organization, c.Number, label)
	})
}

type numberRemove struct {
	Number string `arg:"" help:"As in +12025550123."`
}

// Run takes the number away.
func (c numberRemove) Run(ctx context.Context) error {
	return withNumbers(ctx, func(numbers *telephony.Numbers) error { return numbers.Remove(ctx, c.Number) })
}

// withNumbers opens the database for one command.
func withNumbers(ctx context.Context, do func(*telephony.Numbers) error) error {
	c, err := environment()
	if err != nil {
		return err
	}
	if err := withDatabase(c); err != nil {
		return err
	}
	store, err := postgres.Open(ctx, postgres.Config{URL: c.PooledURL()})
	if err != nil {
		return err
	}
	defer store.Close()
	return do(telephony.NewNumbers(store))
}

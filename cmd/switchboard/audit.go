package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/switchboard-voice/switchboard/internal/identity"
)

type auditCommand struct {
	Organization string `arg:"" optional:"" help:"Only of this one: a slug that it had, or its id."`
	Limit        int    `default:"50" help:"At most this many, the newest."`
	JSON         bool   `help:"Print JSON, one line each."`
}

// Run prints the register of organizations: what an organization's own audit log cannot say once both are gone.
func (c auditCommand) Run(ctx context.Context) error {
	env, err := toolEnvironment()
	if err != nil {
		return err
	}
	people, closed, err := directory(ctx, env)
	if err != nil {
		return err
	}
	defer closed()
	list, err := people.Register(ctx, c.Organization, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printRegisterLines(os.Stdout, list)
	}
	return printRegister(os.Stdout, list)
}

func printRegister(to io.Writer, list []identity.RegisterEntry) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "TIME\tWHAT\tORGANIZATION\tID\tMEMBERS\tBY\tID")
	for _, e := range list {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", e.At.UTC().Format(time.RFC3339), e.What, e.Slug, e.OrganizationID, e.Members, oneLine(e.Email), e.By)
	}
	return table.Flush()
}

// registerJSON is a line for scripts: names that stay.
type registerJSON struct {
	At             time.Time `json:"at"`
	What           string    `json:"what"`
	OrganizationID string    `json:"organizationId"`
	Slug           string    `json:"slug"`
	Members        int       `json:"members"`
	UserID         string    `json:"userId"`
	Email          string    `json:"email"`
}

func printRegisterLines(to io.Writer, list []identity.RegisterEntry) error {
	lines := json.NewEncoder(to)
	for _, e := range list {
		line := registerJSON{e.At.UTC(), string(e.What), e.OrganizationID.String(), e.Slug, e.Members, e.By.String(), e.Email}
		if err := lines.Encode(line); err != nil {
			return fmt.Errorf("printing: %w", err)
		}
	}
	return nil
}

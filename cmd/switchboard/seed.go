package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/identity"
)

type seedCommand struct {
	Email        string `required:"" help:"Address of the user; you vouch for it."`
	Name         string `help:"Name of the user."`
	Organization string `required:"" help:"Name of the organization."`
	Slug         string `required:"" help:"Its name in addresses."`
	Role         string `default:"OWNER" enum:"OWNER,ADMIN,OPERATOR,ANALYST,VIEWER" help:"Role of the user: ${enum}."`
	// A password in the arguments would stand in the list of processes and in the shell's history.
	PasswordStdin bool `help:"Read a password from the first line of the input; else the user asks for one by mail."`
}

// Run makes a user, an organization and a membership, or finds them: for the first owner, and where mail cannot
// be sent.
func (s seedCommand) Run(ctx context.Context) error {
	c, err := environment()
	if err != nil {
		return err
	}
	if c.PooledURL() == "" {
		if c, err = leftByDev(c); err != nil {
			return err
		}
	}
	seed := identity.Seed{Email: s.Email, UserName: s.Name, Organization: s.Organization, Slug: s.Slug, Role: access.Role(s.Role)}
	if s.PasswordStdin {
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if seed.Password = strings.TrimRight(line, "\r\n"); seed.Password == "" {
			return errors.Join(errors.New("the input has no password"), err)
		}
	}
	people, closed, err := directory(ctx, c)
	if err != nil {
		return err
	}
	defer closed()
	planted, err := people.Plant(ctx, seed)
	if err != nil {
		return fmt.Errorf("seeding %s: %w", s.Slug, err)
	}
	fmt.Printf("%s is %s in %s\n", planted.UserID, s.Role, planted.OrganizationID)
	return nil
}

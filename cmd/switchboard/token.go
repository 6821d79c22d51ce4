package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/password"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

type tokenCommand struct {
	Email string `required:"" help:"Address of the user."`
}

// Run prints a token. Without a database in the environment it is for what make run started.
func (t tokenCommand) Run(ctx context.Context) error {
	c, err := environment()
	if err != nil {
		return err
	}
	if c.PooledURL() == "" {
		c, err = leftByDev(c)
		if err != nil {
			return err
		}
	}
	people, closed, err := directory(ctx, c)
	if err != nil {
		return err
	}
	defer closed()
	token, err := people.Token(ctx, t.Email)
	if err != nil {
		return fmt.Errorf("making a token for %s: %w", t.Email, err)
	}
	fmt.Println(token)
	return nil
}

// directory is the room of people alone, for tools.
func directory(ctx context.Context, c config.Config) (*identity.Service, func(), error) {
	keys, err := authjs.NewKeys(c.AuthSecrets())
	if err != nil {
		return nil, nil, err
	}
	passwords := password.New(password.Options{})
	store, err := postgres.Open(ctx, postgres.Config{URL: c.PooledURL(), MaxConns: 1})
	if err != nil {
		return nil, nil, err
	}
	return identity.New(identity.Deps{Store: store, Keys: keys, Passwords: passwords, SessionAge: c.SessionMaxAge, TrustEmail: c.TrustEmail, Now: time.Now}), store.Close, nil
}

// leftByDev reads what a running make run wrote down for the tools beside it.
func leftByDev(c config.Config) (config.Config, error) {
	left, err := readLeft(c.Home)
	if os.IsNotExist(err) {
		return c, fmt.Errorf("NEON_PG_CONN or DATABASE_URL is missing, and %s is not there: set them, or start make run first", filepath.Join(c.Home, leftName))
	}
	if err != nil {
		return c, err
	}
	return left.over(c), nil
}

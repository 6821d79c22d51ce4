package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/client"
)

// remote is the running server that a command speaks to, and who it speaks for.
type remote struct {
	Server       string `env:"SWITCHBOARD_SERVER" default:"http://localhost:8080" help:"Address of the server."`
	Token        string `env:"SWITCHBOARD_TOKEN" help:"Token to sign in with; default: the one that make run left."`
	Home         string `env:"SWITCHBOARD_HOME" default:".switchboard" hidden:""`
	Organization string `help:"Id or slug; needed only by members of several."`
}

// dial signs in. Error: a sentence that says where a token comes from.
func (r remote) dial(show *show) (*client.Client, error) {
	token, err := signInToken(r.Token, r.Home)
	if err != nil {
		return nil, err
	}
	return client.New(client.Config{Server: r.Server, Token: token, Retrying: show.retrying}), nil
}

// signInToken is the given one, or the one that a local server left for us.
func signInToken(given, home string) (string, error) {
	if given != "" {
		return given, nil
	}
	path := filepath.Join(home, tokenName)
	left, err := os.ReadFile(path)
	token := strings.TrimSpace(string(left))
	if errors.Is(err, os.ErrNotExist) || err == nil && token == "" {
		return "", fmt.Errorf("no token: start the server with `make run`, which leaves one in %s, or give --token or SWITCHBOARD_TOKEN", path)
	}
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	return token, nil
}

//go:build !linux && !darwin

package database

import (
	"errors"
	"io"
	"os/exec"
)

// account is for systems where Postgres refuses to run as root.
type account struct{}

var errSystem = errors.New("the built-in database runs on Linux and macOS only: set DATABASE_URL to a Postgres of your own")

func settle(string, func(string, ...any)) (place, error) { return place{}, errSystem }
func lockFile(string) (io.Closer, error)                 { return nil, errSystem }
func interrupt(int) error                                { return errSystem }
func quit(int) error                                     { return errSystem }
func (place) give(string) error                          { return errSystem }
func (place) detach(*exec.Cmd)                           {}
func roomOn(string) uint64                               { return 0 }
func diskFull(error) bool                                { return false }

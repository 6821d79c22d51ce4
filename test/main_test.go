// Package test holds the end-to-end tests: they run the ordinary binary, built with the race detector, on
// a real Postgres, and come in through the public door only. What is not real are the providers: those that
// users of this project develop against.
package test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
)

// program is what is tested: the ordinary one, with the race detector in it.
const program = "../bin/switchboard-race"

func TestMain(m *testing.M) {
	if err := build(program, "-race"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	testdb.Main(m)
}

func build(name string, flags ...string) error {
	cmd := exec.Command("go", append(append([]string{"build", "-o", name}, flags...), "../cmd/switchboard")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program under test: %w\n%s", err, out)
	}
	return nil
}

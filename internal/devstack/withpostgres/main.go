// Command withpostgres runs another command with a Postgres that exists only as long as the command does:
//
//	go run ./internal/devstack/withpostgres go test ./...
//
// The command finds it in TEST_DATABASE_URL. All its test programs then share one server, which is faster
// than one for each of them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/switchboard-voice/switchboard/internal/devstack/database"
)

const variable = "TEST_DATABASE_URL"

func main() { os.Exit(run(os.Args[1:])) }

func run(command []string) int {
	if len(command) == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpostgres command [argument ...]")
		return 2
	}
	// From here on a signal is the command's business: it ends, and then the server does.
	signals := make(chan os.Signal, 4) // a person presses Ctrl-C a few times at most
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if os.Getenv(variable) != "" {
		return runCommand(command, os.Environ(), signals)
	}
	starting, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	server, err := database.Throwaway(starting, say)
	interrupted := starting.Err() != nil
	cancel()
	if err != nil {
		say("starting a database: %v", err)
		return 1
	}
	code := 128 + int(syscall.SIGINT)
	if !interrupted {
		code = runCommand(command, append(os.Environ(), variable+"="+server.URL), signals)
	}
	if err := server.Stop(); err != nil {
		say("stopping the database: %v", err)
		code = max(code, 1)
	}
	return code
}

// runCommand gives the command's exit code; 128 and the signal's number when a signal ended it, as shells do.
func runCommand(command, environment []string, signals <-chan os.Signal) int {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, environment
	if err := cmd.Start(); err != nil {
		say("%v", err)
		return 127
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s) // it may just have ended
		case err := <-ended:
			return exitCode(err)
		}
	}
}

func exitCode(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal())
		}
		return exit.ExitCode()
	}
	if err != nil {
		say("%v", err)
		return 1
	}
	return 0
}

func say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

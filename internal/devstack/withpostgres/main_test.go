package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestMain lets the test program stand in for the command itself, so that signals and exit codes are real.
func TestMain(m *testing.M) {
	if os.Getenv("WITHPOSTGRES_TEST_PROGRAM") != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func TestTheCommandFindsADatabaseThatIsGoneAfterwards(t *testing.T) {
	t.Parallel()
	program, address := startProgram(t, `printf '%s\n' "$TEST_DATABASE_URL"; read -r _; exit 7`)
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var data string
	if err := conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&data); err != nil {
		t.Fatal(err)
	}
	if err := program.input.Close(); err != nil {
		t.Fatal(err)
	}
	wantExit(t, program.Cmd, 7)
	if _, err := pgx.Connect(t.Context(), address); err == nil {
		t.Error("the database still answers")
	}
	if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data is still there: %v", err)
	}
}

func TestASignalEndsTheCommandAndTheDatabase(t *testing.T) {
	t.Parallel()
	program, address := startProgram(t, `trap 'exit 9' TERM; printf '%s\n' "$TEST_DATABASE_URL"; read -r _`)
	if err := program.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wantExit(t, program.Cmd, 9)
	if _, err := pgx.Connect(t.Context(), address); err == nil {
		t.Error("the database still answers")
	}
}

func TestACommandEndedByASignalIsNoSuccess(t *testing.T) {
	t.Parallel()
	program, _ := startProgram(t, `printf '%s\n' "$TEST_DATABASE_URL"; kill -KILL $$`)
	wantExit(t, program.Cmd, 128+9)
}

func TestAMissingCommandIsSaidAsShellsDo(t *testing.T) {
	t.Parallel()
	program := command("there-is-no-such-command")
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	wantExit(t, program, 127)
}

type running struct {
	*exec.Cmd
	input interface{ Close() error }
}

func command(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = []string{"WITHPOSTGRES_TEST_PROGRAM=yes", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	cmd.Stderr = os.Stderr
	return cmd
}

// startProgram runs a shell script below the command and gives the line that it prints.
func startProgram(t *testing.T, script string) (running, string) {
	t.Helper()
	cmd := command("/bin/sh", "-c", script)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the command printed nothing: %v", errors.Join(err, cmd.Wait()))
	}
	return running{cmd, input}, strings.TrimSpace(line)
}

func wantExit(t *testing.T, cmd *exec.Cmd, code int) {
	t.Helper()
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
}

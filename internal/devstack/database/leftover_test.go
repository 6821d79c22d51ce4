package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestAServerKilledInTheMiddleOfWorkStartsAgain(t *testing.T) {
	t.Parallel()
	options := Options{Home: home(t), Durable: true}
	first := start(t, options)
	execute(t, first, "CREATE TABLE kept AS SELECT 42 AS answer")
	busy := connect(t, first)
	go func() { _, _ = busy.Exec(context.Background(), "SELECT pg_sleep(600)") }() // ends with its server
	until(t, "the session is busy", func() bool {
		return value(t, first, "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") == "1"
	})
	if err := syscall.Kill(first.process.pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := start(t, options)
	if got := value(t, second, "SELECT answer::text FROM kept"); got != "42" {
		t.Errorf("answer = %q", got)
	}
}

func TestTheServerOfAKilledProgramIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := home(t)
	program, address := startProgram(t, "home", dir)
	left := &Server{URL: address}
	since := value(t, left, "SELECT pg_postmaster_start_time()::text")
	kill(t, program)

	s := start(t, Options{Home: dir, Name: "postgres"})
	if got := value(t, s, "SELECT pg_postmaster_start_time()::text"); got != since {
		t.Errorf("another server runs: since %s, not %s", got, since)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.Connect(t.Context(), address); err == nil {
		t.Error("the server still answers after Stop")
	}
}

func TestAServerLeftWithOtherSettingsIsStartedAnew(t *testing.T) {
	t.Parallel()
	dir := home(t)
	program, _ := startProgram(t, "home", dir)
	kill(t, program)
	s := start(t, Options{Home: dir, Durable: true})
	if got := value(t, s, "SHOW fsync"); got != "on" {
		t.Errorf("fsync = %s", got)
	}
}

func TestADeadServersNumberMayBelongToAnotherProgram(t *testing.T) {
	t.Parallel()
	options := Options{Home: home(t)}
	s := start(t, options)
	pidFile := filepath.Join(s.Data, pidName)
	raw, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	where, err := settle(options.Home, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	other := where.command(t.Context(), "/bin/sleep", "600")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Wait() }) // t.Context is done by then, which kills it
	_, rest, _ := strings.Cut(string(raw), "\n")
	stale := fmt.Sprintf("%d\n%s", other.Process.Pid, rest)
	if err := errors.Join(os.WriteFile(pidFile, []byte(stale), 0o600), where.give(pidFile)); err != nil {
		t.Fatal(err)
	}
	start(t, options)
}

func TestThrowawayEndsWithAKilledProgram(t *testing.T) {
	t.Parallel()
	program, address := startProgram(t, "throwaway", "")
	data := value(t, &Server{URL: address}, "SHOW data_directory")
	kill(t, program)
	until(t, "the data is gone", func() bool {
		_, err := os.Stat(filepath.Dir(data))
		return errors.Is(err, fs.ErrNotExist)
	})
}

package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

const (
	// testConnections is enough for all test programs of the module at once, each with many pools.
	testConnections = 500
	// memory is Linux's file system without a disk. A test's database is 300 files, which some disks take
	// 0.4 s to make and this one 0.02 s.
	memory = "/dev/shm"
	// memoryRoom is several times what all tests at once leave there; a container's 64 MB are too few.
	memoryRoom = 4 << 30
)

// temporary is where throw-away data goes; TMPDIR has the last word.
func temporary() string {
	if os.Getenv("TMPDIR") == "" && roomOn(memory) >= memoryRoom {
		return memory
	}
	return os.TempDir()
}

// Throwaway starts a server for tests, with data that Stop removes. Should this program be killed, the
// server and its data go too.
func Throwaway(ctx context.Context, say func(format string, args ...any)) (*Server, error) {
	parent := temporary()
	home, err := os.MkdirTemp(parent, "switchboard-postgres-")
	if err != nil {
		return nil, sentence(fmt.Errorf("making a folder for the database: %w", err), parent)
	}
	if err := os.Chmod(home, 0o711); err != nil { // as root we run Postgres as another user, who must get in
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	s, err := Start(ctx, Options{Home: home, MaxConnections: testConnections, Say: say})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	dirs := []string{home, filepath.Dir(s.Data)} // the second is another one when home cannot be entered
	dismiss, err := watch(s.process.pid, dirs)
	s.after = func() error {
		for _, dir := range dirs {
			if err := os.RemoveAll(dir); err != nil {
				return fmt.Errorf("removing the data: %w", err)
			}
		}
		return dismiss()
	}
	if err != nil {
		dismiss = func() error { return nil }
		return nil, errors.Join(fmt.Errorf("starting the database's watcher: %w", err), s.Stop())
	}
	return s, nil
}

// watcher waits for a line; when our end of the pipe closes without one, we were killed. It gives the
// server ten seconds to end.
const watcher = `read -r _ && exit 0
pid=$1; shift
kill -INT "$pid"
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" || break; sleep 1; done
rm -rf -- "$@"`

// watch ends the server and removes the folders when this program dies before it calls dismiss.
func watch(pid int, dirs []string) (dismiss func() error, err error) {
	cmd := exec.Command("/bin/sh", append([]string{"-c", watcher, "watcher", strconv.Itoa(pid)}, dirs...)...)
	place{}.detach(cmd) // Ctrl-C must not end the watcher first
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() error {
		_, err := io.WriteString(pipe, "\n")
		return errors.Join(err, pipe.Close(), cmd.Wait())
	}, nil
}

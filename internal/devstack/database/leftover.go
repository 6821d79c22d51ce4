package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// postmaster is what a running server writes about itself into its data folder.
type postmaster struct{ pid, port int }

const (
	pidName = "postmaster.pid"
	// noProcess is above every system's highest process number.
	noProcess = 1 << 22 * 2
)

// findPostmaster finds the living server of a data folder.
func findPostmaster(data string) (postmaster, bool) {
	raw, err := os.ReadFile(filepath.Join(data, pidName))
	lines := strings.Split(string(raw), "\n")
	if err != nil || len(lines) < 4 {
		return postmaster{}, false
	}
	pid, pidErr := strconv.Atoi(lines[0])
	port, portErr := strconv.Atoi(lines[3])
	// After a restart of the machine or container the number may be another program's.
	if pidErr != nil || portErr != nil || pid < 1 || !strings.Contains(commandLine(pid), data) {
		return postmaster{}, false
	}
	return postmaster{pid: pid, port: port}, true
}

// commandLine is empty for a process that is not there or only waits to be buried.
func commandLine(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err == nil {
		return string(raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	raw, _ = exec.CommandContext(ctx, "ps", "-ww", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	return string(raw)
}

// takeOver adopts the server of a program that was killed. One that runs with other settings, or does not
// answer, is stopped first; a process without pid says that a server is to be launched.
func (c *cluster) takeOver(ctx context.Context) (process, int, error) {
	found, ok := findPostmaster(c.data)
	if !ok {
		return process{}, 0, c.bury()
	}
	running := process{pid: found.pid, data: c.data}
	if (c.options.Port == 0 || c.options.Port == found.port) && c.suits(ctx, found.port) {
		return running, found.port, nil
	}
	return process{}, 0, running.stop()
}

// suits says whether the running server answers and keeps data as durably as asked.
func (c *cluster) suits(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url(port, "postgres"))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(ctx) }()
	var durable bool
	var connections int
	err = conn.QueryRow(ctx, "SELECT current_setting('fsync')::bool, current_setting('max_connections')::int").Scan(&durable, &connections)
	return err == nil && durable == c.options.Durable && connections >= c.options.MaxConnections
}

// bury makes a dead server's file name a process that cannot exist: Postgres refuses to start while the
// number belongs to somebody else. The rest of the file stays, because Postgres finds there whether
// sessions of the dead server still run; starting beside those would damage the data.
func (c *cluster) bury() error {
	path := filepath.Join(c.data, pidName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", pidName, err)
	}
	_, rest, whole := strings.Cut(string(raw), "\n")
	if !whole {
		err = os.Remove(path) // written only in part: that server never ran
	} else {
		err = os.WriteFile(path, []byte(strconv.Itoa(noProcess)+"\n"+rest), 0o600)
	}
	if err != nil {
		return fmt.Errorf("clearing a dead server's %s: %w", pidName, err)
	}
	return nil
}

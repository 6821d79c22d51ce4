package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// process is a postmaster: our child, or one that we took over.
type process struct {
	pid    int
	data   string
	exited <-chan struct{} // nil for one that is not our child
}

const (
	// readyTimeout is for a server that first repairs what a crash left; a healthy one needs 0.1 s.
	readyTimeout = time.Minute
	// askTimeout is for one answer of a server on this machine, when two cores are busy with builds.
	askTimeout = 3 * time.Second
	// fastTimeout is for the last checkpoint; quitTimeout for a server that is told to drop everything.
	fastTimeout = 30 * time.Second
	quitTimeout = 5 * time.Second
)

// launch starts the server and waits until it answers.
func (c *cluster) launch(ctx context.Context) (process, int, error) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		port, err := c.choosePort()
		if err != nil {
			return process{}, 0, err
		}
		running, err := c.attempt(ctx, port)
		taken := errors.Is(err, errPortTaken) && c.options.Port == 0 // somebody was faster; the next one is chosen freely
		if !taken && !errors.Is(err, errLingering) {
			return running, port, err
		}
		if pause(ctx) != nil {
			return process{}, 0, err
		}
	}
}

func (c *cluster) attempt(ctx context.Context, port int) (process, error) {
	logPath := filepath.Join(c.dir, "postgres.log")
	log, err := os.Create(logPath) // begins anew with each start, so that it cannot grow for ever
	if err != nil {
		return process{}, sentence(fmt.Errorf("making the server's log: %w", err), c.dir)
	}
	defer func() { _ = log.Close() }()
	// The server outlives ctx: it ends with Stop.
	cmd := c.command(context.WithoutCancel(ctx), filepath.Join(c.bin, "postgres"), c.arguments(port)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return process{}, fmt.Errorf("starting postgres: %w", err)
	}
	exited := make(chan struct{})
	go func() { // ends with the server
		_ = cmd.Wait()
		close(exited)
	}()
	running := process{pid: cmd.Process.Pid, data: c.data, exited: exited}
	for !c.answers(ctx, port) {
		if running.gone() {
			output, err := os.ReadFile(logPath)
			return process{}, explain(string(output), errors.Join(errors.New("postgres ended"), err), c.dir)
		}
		if err := pause(ctx); err != nil {
			return process{}, errors.Join(fmt.Errorf("waiting for the database, see %s: %w", logPath, err), running.stop())
		}
	}
	return running, nil
}

func (c *cluster) arguments(port int) []string {
	settings := []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=", // a socket's path may be too long, and the TCP port is enough
		"port=" + strconv.Itoa(port), "max_connections=" + strconv.Itoa(c.options.MaxConnections),
	}
	if !c.options.Durable {
		// Half an hour off the full hour shows code that takes the server's zone for UTC.
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=128MB", "autovacuum=off", "jit=off", "timezone=Asia/Kolkata")
	}
	args := []string{"-D", c.data}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

// choosePort gives the wanted port, else that of the last start, else a free one.
func (c *cluster) choosePort() (int, error) {
	if wanted := c.options.Port; wanted != 0 {
		if _, err := tryPort(wanted); err != nil {
			return 0, fmt.Errorf("port %d is taken by another program: end that program, or choose another port for the database", wanted)
		}
		return wanted, nil
	}
	if c.kept.Port != 0 {
		if port, err := tryPort(c.kept.Port); err == nil {
			return port, nil
		}
	}
	port, err := tryPort(0)
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	c.kept.Port = port
	return port, c.save(c.data)
}

func tryPort(port int) (int, error) {
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

// answers says whether our server takes sessions there.
func (c *cluster) answers(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url(port, "postgres"))
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// stop asks for a fast shutdown, and for an immediate one when that takes too long; the data survives both.
func (p process) stop() error {
	for _, way := range []struct {
		signal   func(pid int) error
		patience time.Duration
	}{{interrupt, fastTimeout}, {quit, quitTimeout}} {
		if err := way.signal(p.pid); err != nil && !p.gone() {
			return fmt.Errorf("stopping postgres: %w", err)
		}
		for deadline := time.Now().Add(way.patience); time.Now().Before(deadline); {
			if p.gone() {
				return nil
			}
			_ = pause(context.Background())
		}
	}
	return fmt.Errorf("postgres (process %d) does not stop", p.pid)
}

func (p process) gone() bool {
	if p.exited == nil {
		found, ok := findPostmaster(p.data)
		return !ok || found.pid != p.pid
	}
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

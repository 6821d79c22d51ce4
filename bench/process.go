package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// patience is for whatever is waited on once: far more than it takes on a busy machine.
	patience = 30 * time.Second
	// pollEvery is how often something is looked at that tells nobody when it changes.
	pollEvery = 20 * time.Millisecond
	// tick is the unit of CPU time in /proc on every Linux: 1/100 s.
	tick = 10 * time.Millisecond
)

// process is one running server whose CPU time and memory are read from outside.
type process struct {
	url, address, log string
	cmd               *exec.Cmd
	exited            chan error
}

// launch starts a program that reads PORT and answers on /ready, and waits until it does.
func launch(ctx context.Context, log string, command []string, environment ...string) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	file, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("making the log: %w", err)
	}
	defer file.Close() // the program has its own copy
	p := &process{address: fmt.Sprintf("127.0.0.1:%d", port), log: log, exited: make(chan error, 1)}
	p.url = "http://" + p.address
	p.cmd = exec.Command(command[0], command[1:]...)
	// Our own environment stays out: a variable of the house would change what is measured.
	p.cmd.Env = append(environment, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"), fmt.Sprintf("PORT=%d", port), "BACKEND_URL="+p.url)
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us, and we stop it
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", command[0], err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	if err := p.waitReady(ctx); err != nil {
		_ = p.cmd.Process.Kill()
		return nil, err
	}
	return p, nil
}

// freePort looks below the ports that systems give to outgoing connections: of those, one of the many that
// come and go on a busy machine would have it before the program does.
func freePort() (int, error) {
	var failed error
	for range 20 { // so many neighbours in a row are no accident
		port := 20_000 + rand.N(10_000)
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err == nil {
			return port, listener.Close()
		}
		failed = err
	}
	return 0, fmt.Errorf("looking for a port: %w", failed)
}

func (p *process) waitReady(ctx context.Context) error {
	return eventually(ctx, p.cmd.Path+" to be ready", func() (bool, error) {
		select {
		case err := <-p.exited:
			output, _ := os.ReadFile(p.log) // without it the error still says what happened
			return false, fmt.Errorf("%s ended at its start: %w\n%s", p.cmd.Path, err, output)
		default:
		}
		response, err := http.Get(p.url + "/ready")
		if err != nil {
			return false, nil // not yet
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK, nil
	})
}

// stop lets it drain.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping %s: %w", p.cmd.Path, err)
	}
	select {
	case err := <-p.exited:
		return err
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("%s was still there after %s", p.cmd.Path, patience)
	}
}

// cpu is the time that it has computed since its start, in user and kernel mode.
func (p *process) cpu() (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time (it takes Linux): %w", err)
	}
	// The name in parentheses may hold spaces; utime and stime are the 12th and 13th field behind it.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	var sum time.Duration
	for _, field := range fields[11:13] {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("reading the CPU time: %w", err)
		}
		sum += time.Duration(ticks) * tick
	}
	return sum, nil
}

// resident is the memory that it occupies, in bytes.
func (p *process) resident() (int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory (it takes Linux): %w", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(raw))[1])
	if err != nil {
		return 0, fmt.Errorf("reading the memory: %w", err)
	}
	return pages * os.Getpagesize(), nil
}

// eventually waits until a condition holds.
func eventually(ctx context.Context, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		ok, err := holds()
		if ok || err != nil {
			return err
		}
		if err := pause(ctx, pollEvery); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

package lab

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// Patience is for whatever is waited on once: far more than it takes on a busy machine.
	Patience = 60 * time.Second
	// PollEvery is how often something is looked at that tells nobody when it changes.
	PollEvery = 20 * time.Millisecond
	// tick is the unit of CPU time in /proc on every Linux: 1/100 s.
	tick = 10 * time.Millisecond
)

// program is the ordinary binary, as make build leaves it.
const program = "bin/switchboard"

// Process is one running server that is looked at from outside.
type Process struct {
	URL, Address, Log string

	metrics string
	cmd     *exec.Cmd
	exited  chan error
	gone    bool
}

// Launch starts the binary with its ordinary settings, but for one: the sweep would look for the calls of
// the seed, which the provider does not know. More settings are NAME=value.
func (l *Lab) Launch(ctx context.Context, settings ...string) (*Process, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	p, err := l.Run(ctx, []string{cmp.Or(l.Program, program), "serve"}, append([]string{
		fmt.Sprintf("METRICS_PORT=%d", ports[0]),
		"DATABASE_URL=" + l.Database, "NEXT_PUBLIC_APP_URL=https://app.example.com", "BLOB_DIR=" + filepath.Join(l.Dir, "blobs"),
		"AUTH_SECRET=" + l.Auth, "ASSEMBLYAI_API_KEY=" + l.Key, "ASSEMBLYAI_WEBHOOK_SECRET=" + l.Webhook, "ASSEMBLYAI_BASE_URL=" + l.ProviderURL,
		"TRANSCRIPTION_ANALYSIS=NONE", "TRANSCRIPTION_CHECK_AFTER=1h",
		// The whole crowd comes from one address.
		"LIMIT_REQUESTS_PER_USER=0", "LIMIT_REQUESTS_PER_ADDRESS=0", "LIMIT_COST_PER_USER=0", "LIMIT_COST_PER_ADDRESS=0",
		"LIMIT_REQUESTS_PER_ORGANIZATION=0", "LIMIT_COST_PER_ORGANIZATION=0",
		"LIMIT_WEBHOOKS_PER_ADDRESS=0", "LIMIT_LIVE_TRANSCRIPTIONS=0",
	}, slices.Concat(l.settings, settings)...)...)
	if p != nil {
		p.metrics = fmt.Sprintf("http://127.0.0.1:%d/metrics", ports[0])
	}
	return p, err
}

// Run starts a program that reads PORT and answers on /ready, and waits until it does.
func (l *Lab) Run(ctx context.Context, command []string, settings ...string) (*Process, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return nil, err
	}
	p := &Process{Address: fmt.Sprintf("127.0.0.1:%d", ports[0]), exited: make(chan error, 1)}
	p.URL, p.Log = "http://"+p.Address, filepath.Join(l.Dir, fmt.Sprintf("process-%d.log", len(l.processes)))
	file, err := os.Create(p.Log)
	if err != nil {
		return nil, fmt.Errorf("making the log: %w", err)
	}
	defer file.Close() // the program has its own copy
	p.cmd = exec.Command(command[0], command[1:]...)
	// Our own environment stays out: a variable of the house would change what is tried.
	p.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), fmt.Sprintf("PORT=%d", ports[0]), "BACKEND_URL=" + p.URL,
	}, settings...)
	p.cmd.Stdout, p.cmd.Stderr = file, file
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for us, and we stop it
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s (make build makes the server): %w", command[0], err)
	}
	l.processes = append(l.processes, p)
	go func() { p.exited <- p.cmd.Wait() }()
	return p, p.waitReady(ctx)
}

// FreePorts looks below those that the kernel gives to connections: with thousands of them open, one that
// was free a moment ago is taken. All are held until the last is found: else it could find one twice.
func FreePorts(n int) (ports []int, err error) {
	for tries := 0; len(ports) < n; tries++ {
		port := 10_000 + rand.IntN(20_000)
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil && tries > 100 {
			return nil, fmt.Errorf("looking for a port: %w", err)
		}
		if err != nil {
			continue
		}
		defer listener.Close()
		ports = append(ports, port)
	}
	return ports, nil
}

func (p *Process) waitReady(ctx context.Context) error {
	return Eventually(ctx, "the server to be ready", func() (bool, error) {
		select {
		case err := <-p.exited:
			p.gone = true
			output, _ := os.ReadFile(p.Log) // without it the error still says what happened
			return false, fmt.Errorf("the server ended at its start: %w\n%s", err, output)
		default:
		}
		status, _, err := Get(p.URL + "/ready")
		return err == nil && status == http.StatusOK, nil
	})
}

// Get is on a connection of its own, so that nothing of it stays.
func Get(url string) (status int, body []byte, err error) {
	client := http.Client{Timeout: Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err = io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// Terminate asks it to drain, and Wait for its end is left to the caller.
func (p *Process) Terminate() error { return p.cmd.Process.Signal(syscall.SIGTERM) }

// Stop lets it drain. A second call does nothing.
func (p *Process) Stop() error {
	if p.gone {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	return p.Wait()
}

// Wait is for the end of one that was told to.
func (p *Process) Wait() error {
	p.gone = true
	select {
	case err := <-p.exited:
		return err
	case <-time.After(Patience):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("the server was still there after %s", Patience)
	}
}

// Kill ends it without a word, as a machine that dies. A second call does nothing.
func (p *Process) Kill() {
	if p.gone {
		return
	}
	p.gone = true
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// CPU is the time that it has computed since its start, in user and kernel mode.
func (p *Process) CPU() (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the CPU time: %w", err)
	}
	// The name in parentheses may hold spaces; utime and stime are the 12th and 13th field behind it.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	kernel, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+kernel) * tick, errors.Join(err, err2)
}

// Resident is the memory that it occupies, in bytes.
func (p *Process) Resident() (int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the memory: %w", err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(raw))[1])
	return pages * os.Getpagesize(), err
}

// Descriptors counts its open files.
func (p *Process) Descriptors() (int, error) {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	return len(list), err
}

// Metric is the value of a counter or gauge without labels.
func (p *Process) Metric(name string) (float64, error) {
	_, body, err := Get(p.metrics)
	if err != nil {
		return 0, fmt.Errorf("reading the metrics: %w", err)
	}
	for line := range strings.Lines(string(body)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}

// Eventually waits until a condition holds.
func Eventually(ctx context.Context, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	for {
		ok, err := holds()
		if ok || err != nil {
			return err
		}
		if err := Pause(ctx, PollEvery); err != nil {
			return fmt.Errorf("waiting for %s: %w", what, err)
		}
	}
}

// Pause waits, unless ctx ends.
func Pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

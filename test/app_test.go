package test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
)

// patience is for whatever a test waits on: far more than it takes on a busy machine.
const patience = 60 * time.Second

// secrets of the program under test; a test greps its output for them.
type secrets struct{ auth, webhook, provider string }

// app is one database, one provider, and the processes on them.
type app struct {
	t        *testing.T
	database string
	secrets  secrets
	provider *assemblyai.Server
	blobs    string
	env      map[string]string
	askers   *askers
	*process
}

// process is one running binary.
type process struct {
	t      *testing.T
	url    string
	cmd    *exec.Cmd
	output *output
	exited chan error
	killed bool
}

// start runs one process on a database of its own. Settings are variables of its environment.
func start(t *testing.T, settings ...string) *app {
	t.Helper()
	return startOn(t, testdb.New(t), settings...)
}

// startOn is start on a database that is there already.
func startOn(t *testing.T, database string, settings ...string) *app {
	t.Helper()
	a := &app{
		t: t, database: database, blobs: t.TempDir(), env: map[string]string{}, askers: &askers{},
		secrets: secrets{auth: "auth-" + rand.Text() + rand.Text(), webhook: "hook-" + rand.Text(), provider: "key-" + rand.Text()},
	}
	a.provider = assemblyai.New(assemblyai.Config{
		Dir: t.TempDir(), Key: a.secrets.provider, Recognizer: assemblyai.Scripted{Result: call()}, WebhookPause: 50 * time.Millisecond,
		AllowAudio: func(u *url.URL) bool { return u.Hostname() == "127.0.0.1" },
	})
	server := httptest.NewServer(a.provider)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = a.provider.Close(ctx)
	})
	a.env["ASSEMBLYAI_BASE_URL"] = server.URL
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		a.env[name] = value
	}
	a.process = a.run()
	return a
}

// run starts one more process on the same database and bucket and waits until it is ready.
func (a *app) run(settings ...string) *process {
	a.t.Helper()
	p := a.launch(settings...)
	p.waitReady()
	return p
}

// launch starts a process and does not wait.
func (a *app) launch(settings ...string) *process {
	a.t.Helper()
	port := freePort(a.t)
	p := &process{t: a.t, url: fmt.Sprintf("http://127.0.0.1:%d", port), output: &output{}, exited: make(chan error, 1)}
	p.cmd = exec.Command(program, "serve")
	p.cmd.Env = append(p.cmd.Env, "PATH="+os.Getenv("PATH"), "HOME="+os.Getenv("HOME"),
		fmt.Sprintf("PORT=%d", port), "METRICS_PORT=0", "DATABASE_URL="+a.database, "BACKEND_URL="+p.url,
		"NEXT_PUBLIC_APP_URL=https://app.example.com", "BLOB_DIR="+a.blobs, "TRANSCRIPTION_ANALYSIS=NONE",
		"AUTH_SECRET="+a.secrets.auth, "ASSEMBLYAI_API_KEY="+a.secrets.provider, "ASSEMBLYAI_WEBHOOK_SECRET="+a.secrets.webhook)
	p.cmd.Env = append(p.cmd.Env, // tests wait by asking again and again, all from one address
		"LIMIT_REQUESTS_PER_USER=0", "LIMIT_REQUESTS_PER_ADDRESS=0", "LIMIT_COST_PER_USER=0", "LIMIT_COST_PER_ADDRESS=0",
		"LIMIT_REQUESTS_PER_ORGANIZATION=0", "LIMIT_COST_PER_ORGANIZATION=0",
		"LIMIT_SIGN_IN_PER_ADDRESS=0", "LIMIT_WEBHOOKS_PER_ADDRESS=0", "LIMIT_LIVE_TRANSCRIPTIONS=0")
	for name, value := range a.env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Env = append(p.cmd.Env, settings...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		a.t.Fatalf("starting the program: %v", err)
	}
	go func() { p.exited <- p.cmd.Wait() }()
	a.t.Cleanup(p.finish)
	return p
}

func (p *process) waitReady() {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if status, _ := p.get("/ready"); status == http.StatusOK {
			return
		}
		select {
		case err := <-p.exited:
			p.t.Fatalf("the program ended at its start: %v\n%s", err, p.output)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("the program is not ready\n%s", p.output)
		}
	}
}

// finish ends a process that still runs; whatever a test did, it must drain and exit with 0, and the race
// detector must have found nothing.
func (p *process) finish() {
	if p.killed {
		return
	}
	if err := p.stop(); err != nil {
		p.t.Errorf("the program did not stop as it should: %v", err)
	}
	if p.t.Failed() {
		p.t.Logf("output of the program:\n%s", p.output)
	}
	if strings.Contains(p.output.String(), "DATA RACE") {
		p.t.Errorf("the race detector found something:\n%s", p.output)
	}
}

func (p *process) stop() error {
	p.killed = true
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.exited:
		return err
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		return fmt.Errorf("it was still there after %s", patience)
	}
}

// kill ends a process without a word, as a machine that dies.
func (p *process) kill() {
	p.killed = true
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// get asks for a page and gives its status and text.
func (p *process) get(path string) (int, string) {
	response, err := http.Get(p.url + path)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

// output collects what the program writes.
type output struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// freePort is below those that the kernel gives to whoever opens a connection: one of them would be taken
// before the program has opened it.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 10_000 + mathrand.IntN(20_000)
		if listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// eventually waits until a condition holds that tells nobody when it changes.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(patience)
	looks := time.NewTicker(10 * time.Millisecond)
	defer looks.Stop()
	for !holds() {
		select {
		case <-looks.C:
		case <-late:
			t.Fatalf("waited %s in vain for: %s", patience, what)
		}
	}
}

// call is what the provider hears in every file: two channels, two turns.
func call() speech.Result {
	word := func(text string, at, to int) speech.Word {
		return speech.Word{Text: text, Start: time.Duration(at) * time.Millisecond, End: time.Duration(to) * time.Millisecond, Confidence: 0.9}
	}
	return speech.Result{Channels: 2, Duration: 3 * time.Second, Turns: []speech.Turn{
		{Channel: 0, Words: []speech.Word{word("Hello", 100, 400), word("there.", 450, 800)}},
		{Channel: 1, Words: []speech.Word{word("Good", 1200, 1500), word("morning.", 1500, 2000)}},
	}}
}

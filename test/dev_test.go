package test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
)

// stack is one make run, of the ordinary binary: under the race detector listening would take minutes.
type stack struct {
	t      *testing.T
	home   string
	port   int
	cmd    *exec.Cmd
	output *output
	exited chan error
}

func runDev(t *testing.T, home string, port int, settings ...string) *stack {
	t.Helper()
	s := &stack{t: t, home: home, port: port, output: &output{}, exited: make(chan error, 1)}
	s.cmd = exec.Command(ordinary(t), "dev")
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "SWITCHBOARD_HOME=" + home, fmt.Sprintf("PORT=%d", port)}, settings...)
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { s.exited <- s.cmd.Wait() }()
	t.Cleanup(func() { s.interrupt() })
	return s
}

// ordinary is the program without the race detector.
func ordinary(t *testing.T) string {
	t.Helper()
	const name = "../bin/switchboard-plain"
	building.Do(func() {
		if err := build(name); err != nil {
			t.Fatal(err)
		}
	})
	return name
}

// building keeps two tests from building the same file.
var building sync.Once

// model puts the speech model of this machine into a home, so that not every test fetches it.
func model(t *testing.T, home string) {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "switchboard", "speech-model")
	if err := speech.Install(within(t), dir, func(string) {}); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(home, "speech-model")); err != nil {
		t.Fatal(err)
	}
}

func (s *stack) says(what string, within time.Duration) {
	s.t.Helper()
	late := time.After(within)
	looks := time.NewTicker(20 * time.Millisecond)
	defer looks.Stop()
	for !strings.Contains(s.output.String(), what) {
		select {
		case err := <-s.exited:
			s.exited <- err
			s.t.Fatalf("it ended (%v) before it said %q:\n%s", err, what, s.output)
		case <-looks.C:
		case <-late:
			s.t.Fatalf("it did not say %q in %s:\n%s", what, within, s.output)
		}
	}
}

// interrupt is Ctrl-C.
func (s *stack) interrupt() error {
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	select {
	case err := <-s.exited:
		s.exited <- err
		return err
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		return fmt.Errorf("it was still there after %s", patience)
	}
}

func TestMakeRunShowsTheWholeWalkWithNothingConfiguredAndKeepsItsData(t *testing.T) {
	t.Parallel()
	home, port := t.TempDir(), freePort(t)
	model(t, home)
	s := runDev(t, home, port)
	s.says("/graphiql", 4*time.Minute)
	text := s.output.String()
	for _, step := range []string{"made up", "Postgres", "migrations applied", "X-Webhook-Secret: ", "uploading the bundled call", "live: ", "completed", "speaker 1: ", "speaker 2: ", "Telephone ", "Payments ", "Mail ", "Try next", "demo call", "demo checkout"} {
		if !strings.Contains(text, step) {
			t.Errorf("the terminal lacks %q:\n%s", step, text)
		}
	}
	if n := strings.Count(text, "  speaker "); n != strings.Count(strings.TrimSpace(samples.CallText()), "\n")+1 {
		t.Errorf("%d turns are shown:\n%s", n, text)
	}
	server := fmt.Sprintf("http://localhost:%d", port)
	called := make(chan error, 1) // the call takes its time: somebody rings, talks and hangs up
	call, heard := exec.CommandContext(within(t), ordinary(t), "demo", "call", "--server", server), &output{}
	call.Env, call.Stdout, call.Stderr = s.cmd.Env, heard, heard
	go func() { called <- call.Run() }()
	transcribe := exec.Command(ordinary(t), "transcribe", "--server", server, "../internal/devstack/samples/jfk.wav")
	transcribe.Env = s.cmd.Env
	if out, err := transcribe.CombinedOutput(); err != nil || !strings.Contains(strings.ToLower(string(out)), "ask not what your country can do for you") {
		t.Errorf("transcribe beside it: %v\n%s", err, out)
	}
	if err := <-called; err != nil {
		t.Errorf("demo call beside it: %v\n%s", err, heard)
	}
	inOrder(t, heard.String(), "calling ", "call           ringing", "call           in progress", "call           completed", "recording      stored", "transcription  completed", "[00:00:")
	if err := s.interrupt(); err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, s.output)
	}
	if _, err := http.Get(fmt.Sprintf("http://localhost:%d/health", port)); err == nil {
		t.Error("something still answers after Ctrl-C")
	}

	began := time.Now()
	again := runDev(t, home, port)
	again.says("/graphiql", time.Minute)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the second start took %s", took)
	}
	if strings.Contains(again.output.String(), "uploading") || !strings.Contains(again.output.String(), "0 migrations applied") {
		t.Errorf("the second start begins anew:\n%s", again.output)
	}
	if err := again.interrupt(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

func TestMakeRunWithoutAModelStartsEverythingElseAndSaysSo(t *testing.T) {
	t.Parallel()
	bin := t.TempDir() // no npm to be found
	s := runDev(t, t.TempDir(), freePort(t), "PATH="+bin)
	s.says("speech is not available", time.Minute)
	s.says("/graphiql", time.Minute)
	if err := s.interrupt(); err != nil {
		t.Errorf("after Ctrl-C: %v", err)
	}
}

func TestMakeRunOnATakenPortSaysWhatToDo(t *testing.T) {
	t.Parallel()
	a := start(t)
	var port int
	if _, err := fmt.Sscanf(a.url, "http://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	s := runDev(t, t.TempDir(), port)
	if err := <-s.exited; err == nil || !strings.Contains(s.output.String(), "set PORT") {
		t.Errorf("%v\n%s", err, s.output)
	}
	s.exited <- nil
}

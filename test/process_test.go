package test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
)

// command runs the program once, in the environment of the server, and gives all that it prints.
func (a *app) command(args ...string) (string, error) {
	a.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = a.cmd.Env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// healed is what is promised: a process is dead after 15 s of silence, the dead are looked for every 5 s, and the
// rest is for what the job had to do. Tests wait for twice that, as other tests want the machine too.
const healed = 30 * time.Second

func TestKilledInTheMiddleOfAJobTheTranscriptionCompletesOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ call, job string }{
		"while it submits": {"submit", "transcription.submit"},
		"while it fetches": {"get", "inbox.deliver"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := start(t, "TRANSCRIPTION_LOST_AFTER=5s")
			p := a.person("ours", "OPERATOR")
			other := a.run()
			a.provider.SetFaults(assemblyai.Faults{On: c.call, Hang: true})
			id := p.transcribe()
			worker, survivor := a.running(c.job, other)
			worker.kill()
			a.provider.SetFaults(assemblyai.Faults{})

			began := time.Now()
			var s state
			looks := time.NewTicker(100 * time.Millisecond)
			defer looks.Stop()
			for s.Status != "COMPLETED" && time.Since(began) < 2*healed {
				s = p.at(survivor).state(id)
				<-looks.C
			}
			if s.Status != "COMPLETED" {
				t.Errorf("not healed after %s: %+v", time.Since(began), s)
			}
			if n := a.provider.Stats().Submitted; n != 1 || s.Attempt != 1 || s.Version != 1 {
				t.Errorf("taken %d times: %+v", n, s)
			}
		})
	}
}

// running waits until one of two processes runs a job and says which, and which is the other.
func (a *app) running(job string, other *process) (worker, idle *process) {
	a.t.Helper()
	var by string
	eventually(a.t, "a process to run "+job, func() bool {
		a.scan(&by, `SELECT coalesce(max(attempted_by[array_upper(attempted_by, 1)]), '') FROM river.river_job WHERE kind = $1 AND state = 'running'`, job)
		return by != ""
	})
	if strings.Contains(by, fmt.Sprintf("-%d-", a.cmd.Process.Pid)) {
		return a.process, other
	}
	return other, a.process
}

func TestSubmittedHereWebhookThereScreenHere(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	other := a.run()
	a.provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
	id := p.transcribe()
	seen := make(chan string)
	go func() { seen <- statuses(p.follow(id, nil)) }()
	eventually(t, "the provider to have it", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.transcription_submissions WHERE provider_id IS NOT NULL") == 1
	})
	there := *a
	there.process = other
	body, _ := json.Marshal(vars{"transcript_id": a.providerID(id), "status": "completed"})
	if status := there.knock("", string(body), &a.secrets.webhook); status != http.StatusOK {
		t.Fatalf("webhook at the other: %d", status)
	}
	if got := <-seen; !strings.HasSuffix(got, "COMPLETED") {
		t.Errorf("on the screen: %s", got)
	}
}

func TestTerminatedItDrainsAndSocketsAreToldToComeBack(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	dialer := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(a.url, "http")+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.WriteJSON(vars{"type": "connection_init", "payload": vars{"authorization": "Bearer " + p.token}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	subscribe := vars{"type": "subscribe", "id": "1", "payload": vars{"query": watchActivity, "variables": vars{"id": p.organization.String()}}}
	if err := conn.WriteJSON(subscribe); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	stopped := make(chan error)
	go func() { stopped <- a.stop() }()
	if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, 1012) {
		t.Errorf("the socket ended with %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("exit: %v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("draining took %s", took)
	}
}

func TestTerminatedTwiceItEndsAtOnce(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	a.provider.SetFaults(assemblyai.Faults{On: "submit", Hang: true})
	p.transcribe()
	eventually(t, "the submission to hang", func() bool {
		return a.rows("SELECT count(*) FROM switchboard.transcription_submissions WHERE unsure_until IS NOT NULL") == 1
	})
	a.killed = true
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	eventually(t, "the drain to begin", func() bool { return strings.Contains(a.output.String(), "draining") })
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-a.exited:
	case <-time.After(3 * time.Second):
		t.Error("it is still there after the second signal")
		_ = a.cmd.Process.Kill()
	}
}

func TestServeRefusesToStartUnsafely(t *testing.T) {
	t.Parallel()
	a := start(t)
	for name, c := range map[string]struct{ setting, says string }{
		"no secret":         {"AUTH_SECRET=", "AUTH_SECRET"},
		"short secret":      {"AUTH_SECRET=short", "AUTH_SECRET is shorter"},
		"default secret":    {"AUTH_SECRET=changeme-changeme-changeme-changeme", "AUTH_SECRET is a default"},
		"no webhook secret": {"ASSEMBLYAI_WEBHOOK_SECRET=", "ASSEMBLYAI_WEBHOOK_SECRET is missing"},
		"no key":            {"ASSEMBLYAI_API_KEY=", "ASSEMBLYAI_API_KEY is missing"},
		"no database":       {"DATABASE_URL=", "NEON_PG_CONN or DATABASE_URL is missing"},
	} {
		cmd := exec.Command(program, "serve")
		cmd.Env = append(append([]string{}, a.cmd.Env...), c.setting)
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.says) {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if strings.Contains(string(out), a.secrets.webhook) || strings.Contains(string(out), a.secrets.provider) {
			t.Errorf("%s: a secret is printed", name)
		}
	}
	a.exec(`DELETE FROM switchboard.goose_db_version WHERE version_id = (SELECT max(version_id) FROM switchboard.goose_db_version)`)
	if status, _ := a.get("/ready"); status != http.StatusServiceUnavailable {
		t.Errorf("ready on an older schema: %d", status)
	}
	if out, err := a.command("serve"); err == nil || !strings.Contains(out, "migrate up") {
		t.Errorf("an older schema: %v\n%s", err, out)
	}
}

func TestPortThatIsTakenIsSaidInOneSentence(t *testing.T) {
	t.Parallel()
	a := start(t)
	out, err := a.command("serve") // the same port
	if err == nil || !strings.Contains(out, "cannot be opened") || !strings.Contains(out, "PORT") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestDoctorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	a := start(t)
	if out, err := a.command("doctor"); err != nil {
		t.Errorf("all is well, and it says: %v\n%s", err, out)
	}
	cmd := exec.Command(program, "doctor")
	cmd.Env = append(append([]string{}, a.cmd.Env...), "BACKEND_URL=http://127.0.0.1:1", "DATABASE_URL=postgres://nobody:hidden-word@127.0.0.1:1/none")
	out, err := cmd.CombinedOutput()
	if err == nil || strings.Count(string(out), "wrong") < 3 || strings.Contains(string(out), "hidden-word") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestTranscribeCommandPrintsEachFormatAndFailsWithTheServersSentence(t *testing.T) {
	t.Parallel()
	a := start(t)
	p := a.person("ours", "OPERATOR")
	run := func(args ...string) (stdout, stderr string, err error) {
		cmd := exec.Command(program, append([]string{"transcribe", "--server", a.url, "--token", p.token}, args...)...)
		var out, diagnostics strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &diagnostics
		err = cmd.Run()
		return out.String(), diagnostics.String(), err
	}
	const sample = "../internal/devstack/samples/jfk.wav"
	for format, want := range map[string]string{"text": "Good morning.", "json": `"Good morning."`, "srt": "-->", "vtt": "WEBVTT"} {
		stdout, stderr, err := run("--format", format, sample)
		if err != nil || !strings.Contains(stdout, want) {
			t.Errorf("%s: %v\n%s\n%s", format, err, stdout, stderr)
		}
		if !strings.Contains(stderr, "completed") {
			t.Errorf("%s: no live status: %s", format, stderr)
		}
	}
	a.provider.SetFaults(assemblyai.Faults{ErrorTranscript: "The audio is too quiet."})
	if _, stderr, err := run(sample); err == nil || !strings.Contains(stderr, "The audio is too quiet.") {
		t.Errorf("a failure: %v\n%s", err, stderr)
	}
	text := t.TempDir() + "/notes.wav"
	if err := os.WriteFile(text, []byte("these are notes and no audio"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, err := run(text); err == nil || !strings.Contains(stderr, "cannot be transcribed") {
		t.Errorf("no audio: %v\n%s", err, stderr)
	}
}

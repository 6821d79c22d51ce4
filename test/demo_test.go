package test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
)

// demoCall runs the command as a person types it.
func (p *person) demoCall(arguments ...string) (stdout, stderr string, err error) {
	p.t.Helper()
	cmd := exec.CommandContext(within(p.t), program, append([]string{"demo", "call", "--server", p.app.url, "--token", p.token}, arguments...)...)
	var out, seen strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &seen
	err = cmd.Run()
	return out.String(), seen.String(), err
}

func TestDemoCallShowsEveryStepLiveFromRingingToTheTranscript(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("ours", "OPERATOR")
	a.phone.SetFaults(signalwire.Faults{Hold: "ringing"})
	before := a.operations()
	cmd := exec.CommandContext(within(t), program, "demo", "call", "--server", a.url, "--token", p.token)
	stdout, stderr := &output{}, &output{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	shows := func(step string) {
		t.Helper()
		eventually(t, "it to show "+step, func() bool { return strings.Contains(stderr.String(), step) })
	}
	shows("call           ringing")
	a.phone.SetFaults(signalwire.Faults{Hold: "in-progress"})
	shows("call           in progress")
	a.phone.SetFaults(signalwire.Faults{})
	if err := cmd.Wait(); err != nil || !strings.Contains(stdout.String(), "1: Hello there.\n") || !strings.Contains(stdout.String(), "2: Good morning.\n") {
		t.Fatalf("%v\n%s\n%s\n%s", err, stdout, stderr, a.output)
	}
	inOrder(t, stderr.String(), "calling "+theirNumber, "call           ringing", "call           in progress", "call           completed", "recording      stored", "transcription  completed")
	// Whose it is, where its stream stands, the call itself, the transcript, and once for each of four events: nothing
	// is asked for again and again. A line of the log may come after the answer that it tells of.
	if n := a.operations() - before; n > 9 {
		t.Errorf("%d operations were sent besides what was told live", n)
	}
	if taken := a.phone.Stats(); taken.Placed != 1 || taken.ByTo[theirNumber] != 1 {
		t.Errorf("the provider was asked for %+v", taken)
	}
}

// inOrder wants each of these in a text, one behind the other.
func inOrder(t *testing.T, text string, steps ...string) {
	t.Helper()
	at := -1
	for _, step := range steps {
		next := strings.Index(text, step)
		if next <= at {
			t.Errorf("want %q next in:\n%s", step, text)
		}
		at = next
	}
}

// operations counts the queries and mutations that came so far; subscriptions come over sockets.
func (a *app) operations() int {
	return strings.Count(a.output.String(), `"method":"POST","route":"/graphql"`)
}

func TestDemoCallSaysHowACallEndedThatNobodyAnswered(t *testing.T) {
	t.Parallel()
	a := startPhone(t)
	p := a.caller("ours", "OPERATOR")
	for outcome, want := range map[string]string{"busy": "The line was busy.", "no-answer": "Nobody answered.", "canceled": "canceled before"} {
		a.phone.SetFaults(signalwire.Faults{Outcome: outcome})
		if stdout, stderr, err := p.demoCall(); err == nil || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: %v\n%s\n%s", outcome, err, stdout, stderr)
		}
	}
	a.phone.SetFaults(signalwire.Faults{})
	if stdout, stderr, err := p.demoCall("--no-record"); err != nil || stdout != "" || !strings.Contains(stderr, "was not recorded") {
		t.Errorf("not recorded: %v\n%s\n%s", err, stdout, stderr)
	}
	if stdout, stderr, err := p.demoCall("--to", "911"); err == nil || stdout != "" || !strings.Contains(stderr, "emergency") {
		t.Errorf("an emergency number: %v\n%s\n%s", err, stdout, stderr)
	}
}

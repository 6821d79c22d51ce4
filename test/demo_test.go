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
	stdout, stderr, err := p.demoCall()
	if err != nil || !strings.Contains(stdout, "1: Hello there.\n") || !strings.Contains(stdout, "2: Good morning.\n") {
		t.Fatalf("%v\n%s\n%s\n%s", err, stdout, stderr, a.output)
	}
	at := -1
	for _, step := range []string{"calling " + theirNumber, "call           completed", "recording      stored", "transcription  completed"} {
		next := strings.Index(stderr, step)
		if next <= at {
			t.Errorf("want %q next in:\n%s", step, stderr)
		}
		at = next
	}
	if taken := a.phone.Stats(); taken.Placed != 1 || taken.ByTo[theirNumber] != 1 {
		t.Errorf("the provider was asked for %+v", taken)
	}
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

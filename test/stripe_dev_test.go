package test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestMakeRunSellsPlansAndStillKnowsThemAfterARestart(t *testing.T) {
	t.Parallel()
	home, port, bin := t.TempDir(), freePort(t), t.TempDir() // no npm to be found: nobody listens to the bundled call
	s := runDev(t, home, port, "PATH="+bin)
	s.says("Try next", time.Minute)
	s.says("stands in for Stripe", 0)
	demo := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(within(t), ordinary(t), append([]string{"demo", "checkout", "--server", fmt.Sprintf("http://localhost:%d", port)}, args...)...)
		cmd.Env = s.cmd.Env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("demo checkout: %v\n%s", err, out)
		}
		return string(out)
	}
	wantInOrder(t, demo(), "before: plan FREE", " of 50, speech", "checkout at http://127.0.0.1:", "paid; a browser would go to ", "live: The plan went from FREE to PRO.",
		"after:  plan PRO, subscription active", " of 500, speech", "invoice ", ": paid 49.00 USD")
	if err := s.interrupt(); err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, s.output)
	}
	s = runDev(t, home, port, "PATH="+bin)
	s.says("Try next", time.Minute)
	out := demo("--plan", "BUSINESS", "--cancel-first")
	if !strings.Contains(out, "the subscription that was there is ended") || !strings.Contains(out, "after:  plan BUSINESS") {
		t.Errorf("the second purchase:\n%s", out)
	}
}

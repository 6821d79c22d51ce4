package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
)

// demoCommand shows what the product does, step by step, on a running server.
type demoCommand struct {
	Call     demoCallCommand     `cmd:"" help:"Place a call and show it live, from the first ring to the transcript."`
	Checkout demoCheckoutCommand `cmd:"" help:"Buy a plan and show it live, from the limit before to the limit after. The local Stripe takes no money."`
}

// demoCallCommand places one call. On make run the telephone is answered by the local service, which plays
// the bundled call; on another server somebody's telephone rings.
type demoCallCommand struct {
	remote
	To     string `default:"+12025550142" help:"Who is called. Somewhere else than on make run, give a number of your own."`
	Record bool   `default:"true" negatable:"" help:"Record it, whatever the organization's settings say; those say whether it is announced."`
}

// Run shows the call on the terminal.
func (d *demoCallCommand) Run(ctx context.Context) error {
	return d.run(ctx, os.Stdout, &show{to: os.Stderr, terminal: isTerminal(os.Stderr)})
}

func (d *demoCallCommand) run(ctx context.Context, out io.Writer, show *show) error {
	server, err := d.dial(show)
	if err != nil {
		return err
	}
	show.begin("calling " + d.To)
	placed, transcript, err := server.Call(ctx, client.CallJob{Organization: d.Organization, To: d.To, Record: &d.Record, Step: show.step})
	if ctx.Err() != nil && placed.ID != "" {
		show.line("The call %s goes on at the server.", placed.ID)
	}
	var answered *client.Error
	switch {
	case errors.As(err, &answered) && answered.Code == "PLAN_LIMIT_EXCEEDED":
		return fmt.Errorf("%s To buy a larger one: switchboard demo checkout", printable(answered.Message))
	case errors.As(err, &answered) && placed.ID != "":
		return fmt.Errorf("%s", printable(answered.Message))
	case err != nil:
		return err
	case transcript.ID == "":
		show.line("The call was not recorded.")
		return nil
	}
	return written(io.WriteString(out, conversation(transcript)))
}

// conversation is a transcript as people read it.
func conversation(transcript client.Transcript) string {
	var text strings.Builder
	for _, u := range transcript.Utterances {
		at := time.Duration(u.StartMs) * time.Millisecond
		fmt.Fprintf(&text, "[%02d:%02d:%02d] %s: %s\n", int(at.Hours()), int(at.Minutes())%60, int(at.Seconds())%60, printable(u.SpeakerKey), printable(u.Text))
	}
	return text.String()
}

// step tells one line of a call, in the words of its telephone.
func (s *show) step(step client.CallStep) {
	status := strings.ReplaceAll(strings.ToLower(step.Status), "_", " ")
	s.line("%s  %-13s  %s", s.clock(), strings.ToLower(step.What), printable(status))
}

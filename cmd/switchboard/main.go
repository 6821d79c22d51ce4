// Command switchboard is the whole service and its tools: one binary, a command for each thing that an
// operator or a developer does with it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	Dev        devCommand        `cmd:"" help:"Run everything on this machine with nothing configured: a Postgres, a bucket and a speech service of its own, a demo organization."`
	Serve      serveCommand      `cmd:"" help:"Run the service; everything comes from the environment (see .env.example)."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the database's schema up to date, or look how far it is."`
	Token      tokenCommand      `cmd:"" help:"Print a bearer token for a user."`
	Seed       seedCommand       `cmd:"" help:"Make a user with an organization, or find them: for the first owner."`
	Inbox      inboxCommand      `cmd:"" help:"See the webhooks that were kept, and replay or discard those that failed."`
	Audit      auditCommand      `cmd:"" help:"See which organizations were made, left and deleted, and by whom."`
	Number     numberCommand     `cmd:"" help:"See the telephone numbers of all organizations, and assign them."`
	Transcribe transcribeCommand `cmd:"" help:"Send audio to a running server and print the transcript."`
	Demo       demoCommand       `cmd:"" help:"Show on a running server what the product does."`
	Speechd    speechdCommand    `cmd:"" help:"Run the local speech service alone: AssemblyAI's API, no key, no network."`
	Doctor     doctorCommand     `cmd:"" help:"Check the configuration against the world and say what is wrong."`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := untilSignal()
	err := run(ctx, os.Args[1:])
	interrupted := errors.Is(err, context.Canceled) && ctx.Err() != nil
	stop()
	if err != nil && err != context.Canceled {
		fmt.Fprintln(os.Stderr, "switchboard: "+err.Error())
	}
	switch {
	case interrupted:
		os.Exit(130) // what shells expect of a program that was told to stop
	case err != nil:
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var cli commands
	parser, err := kong.New(&cli, kong.Name("switchboard"), kong.UsageOnError(),
		kong.Description("The backend of a voice product: audio in, live status, transcript out."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return fmt.Errorf("building the command line: %w", err)
	}
	command, err := parser.Parse(args)
	parser.FatalIfErrorf(err)
	return command.Run()
}

// untilSignal gives a context that ends at the first SIGINT or SIGTERM. A second one ends the process at
// once: whoever asks twice does not want to wait for the drain.
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		os.Exit(1)
	}()
	return ctx, cancel
}

type versionCommand struct{}

func (versionCommand) Run() error {
	fmt.Println(version())
	return nil
}

// version is the module's, or the commit's where the binary was built from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}

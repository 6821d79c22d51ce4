package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/database"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/lab"
)

// bench is a lab with the yardstick beside the server.
type bench struct {
	*lab.Lab
	seeded
	byHand   *lab.Process
	byHandIs string // its secret
	phone    telephone
}

// open builds it all. Close is needed also after an error.
func open(ctx context.Context) (*bench, error) {
	phone, hangUp, err := openTelephone()
	if err != nil {
		return nil, err
	}
	l, err := lab.Open(ctx, lab.Options{Name: "bench", Database: startDatabase, Heard: heard(), Settings: phone.settings()})
	l.AtEnd(hangUp)
	b := &bench{Lab: l, byHandIs: rand.Text(), phone: phone}
	if err != nil {
		return b, err
	}
	b.neverCalls()
	if b.seeded, err = seed(ctx, l.Pool, idle); err != nil {
		return b, err
	}
	return b, b.startByHand(ctx)
}

// neverCalls leaves the webhooks to us.
func (l *bench) neverCalls() {
	l.Provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
}

// startDatabase starts a Postgres that waits for the disk at each commit, as in production: with the
// tests' one, which does not, a handler that commits would look as cheap as one that does not.
func startDatabase(ctx context.Context, dir string) (string, func() error, error) {
	server, err := database.Start(ctx, database.Options{Home: filepath.Join(dir, "postgres"), Durable: true, Say: say})
	if err != nil {
		return "", nil, fmt.Errorf("starting a database: %w", err)
	}
	return server.URL, func() error {
		return errors.Join(server.Stop(), os.RemoveAll(filepath.Dir(server.Data))) // elsewhere, when home cannot be entered
	}, nil
}

// heard is a call of two minutes, 40 turns.
func heard() speech.Result {
	result := speech.Result{Channels: 2, Duration: 2 * time.Minute}
	at := func(turn, word int) time.Duration { return time.Duration(turn*3000+word*200) * time.Millisecond }
	for turn := range 40 {
		var words []speech.Word
		for word := range wordsEach {
			words = append(words, speech.Word{Text: "word", Start: at(turn, word), End: at(turn, word+1), Confidence: 0.9})
		}
		result.Turns = append(result.Turns, speech.Turn{Channel: turn % 2, Words: words})
	}
	return result
}

// restartServer gives a process whose memory no earlier measurement has touched.
func (l *bench) restartServer(ctx context.Context, settings ...string) (err error) {
	if err := l.Server.Stop(); err != nil {
		return err
	}
	l.Server, err = l.Launch(ctx, settings...)
	return err
}

func (l *bench) startByHand(ctx context.Context) (err error) {
	binary := filepath.Join(l.Dir, "handwritten")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./bench/handwritten")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as the program itself is built
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the yardstick: %w\n%s", err, out)
	}
	l.byHand, err = l.Run(ctx, []string{binary}, "DATABASE_URL="+l.Database, "TOKEN="+l.byHandIs, "WEBHOOK_SECRET="+l.Webhook, "SIGNALWIRE_SIGNING_KEY="+l.phone.key, "STRIPE_WEBHOOK_SECRET="+stripeSecret)
	return err
}

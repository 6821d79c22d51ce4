package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/samples"
)

// show takes the bundled call through the whole walk, the first time, over the public door like anybody.
func (d *dev) show(ctx context.Context, token string) {
	defer func() {
		if ctx.Err() == nil {
			d.welcome()
		}
	}()
	if d.left.Shown {
		d.say("serving; the data of the last run is there")
		return
	}
	if err := d.walk(ctx, token); err != nil {
		if ctx.Err() == nil {
			d.say("the bundled call was not transcribed: %v", err)
		}
		return
	}
	d.left.Shown = true
	if err := d.left.keep(d.config.Home); err != nil {
		d.say("%v", err)
	}
}

func (d *dev) walk(ctx context.Context, token string) error {
	file := filepath.Join(d.config.Home, samples.CallName)
	if err := os.WriteFile(file, samples.Call(), 0o600); err != nil {
		return fmt.Errorf("writing the bundled call (is the disk full?): %w", err)
	}
	d.say("uploading the bundled call, %d KB, through a signed link", len(samples.Call())>>10)
	me := client.New(client.Config{Server: d.config.PublicURL(), Token: token})
	transcript, err := me.Transcribe(ctx, client.Job{
		File:   file,
		Status: func(s client.Status) { d.say("live: %s", strings.ToLower(s.Status)) },
	})
	if err != nil {
		return err
	}
	fmt.Println()
	for _, u := range transcript.Utterances {
		fmt.Printf("  %s  speaker %s: %s\n", clock(u.StartMs), u.SpeakerKey, u.Text)
	}
	return nil
}

func clock(ms int) string { return time.UnixMilli(int64(ms)).UTC().Format("15:04:05") }

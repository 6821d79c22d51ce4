package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/database"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// sample is a call that every checkout has.
	sample = "internal/devstack/samples/jfk.wav"
	// soon has the sweep look where nothing was heard for so long: a drill does not wait a minute.
	soon = "TRANSCRIPTION_CHECK_AFTER=2s"
	// lostSoon has a submission that cannot be found sent again.
	lostSoon = "TRANSCRIPTION_LOST_AFTER=4s"
)

// as is a person of the seed at an address.
func as(c lab.Call, url string) *client.Client {
	return client.New(client.Config{Server: url, Token: c.Token})
}

// walk is the main job: upload, transcription, and its status live to the end.
func walk(ctx context.Context, who *client.Client, c lab.Call) (time.Duration, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, lab.Patience)
	defer cancel()
	id, err := who.Submit(ctx, client.Job{Organization: c.Slug, File: sample})
	if err != nil {
		return 0, fmt.Errorf("uploading: %w", err)
	}
	if err := who.Follow(ctx, id, nil); err != nil {
		return 0, fmt.Errorf("following: %w", err)
	}
	return time.Since(began), nil
}

// walks promises that the main job is done soon.
func (l *stage) walks(ctx context.Context, p *lab.Process, c lab.Call, when string) {
	took, err := walk(ctx, as(c, p.URL), c)
	l.promise(err == nil && took < lab.MaxStorm, "%s: a file was uploaded and its transcript seen after %s (less than %s) %s", when, ms(took), lab.MaxStorm, said(err))
}

// said is an error in the line of a promise.
func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// moveTo gives the lab a database of its own, and leaves the starting of the server to the drill.
func (l *stage) moveTo(ctx context.Context, o database.Options) (*database.Server, error) {
	if err := l.Server.Stop(); err != nil {
		return nil, fmt.Errorf("stopping the server of the lab: %w", err)
	}
	server, err := database.Start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("starting a database: %w", err)
	}
	l.AtEnd(server.Stop)
	return server, l.Use(ctx, server.URL)
}

// home makes a folder that the user of Postgres can enter.
func (l *stage) home(pattern string) (string, error) {
	dir, err := os.MkdirTemp("", pattern)
	if err != nil {
		return "", fmt.Errorf("making a folder: %w", err)
	}
	l.AtEnd(func() error { return os.RemoveAll(dir) })
	return dir, os.Chmod(dir, 0o711)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// transcribeCommand sends audio files to a running server, one after the other, and prints what was said.
type transcribeCommand struct {
	remote
	Files    []string `arg:"" name:"file" help:"Audio files, or ids of transcriptions (trn_…) to look at again."`
	Format   string   `enum:"text,json,srt,vtt" default:"text" help:"What is printed: ${enum}."`
	Language string   `help:"As in en or en_us; default: the organization's setting, or detected."`
}

// Run transcribes all files that it can. Error: what went wrong, of each file.
func (c *transcribeCommand) Run(ctx context.Context) error {
	return c.run(ctx, os.Stdout, &show{to: os.Stderr, terminal: isTerminal(os.Stderr)})
}

func (c *transcribeCommand) run(ctx context.Context, out io.Writer, show *show) error {
	server, err := c.dial(show)
	if err != nil {
		return err
	}
	var failed []error
	for _, file := range c.Files {
		if err := c.one(ctx, server, file, out, show); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", printable(file), err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(failed...)
}

// one takes a file, or a transcription that an earlier run left, all the way to the transcript.
func (c *transcribeCommand) one(ctx context.Context, server *client.Client, file string, out io.Writer, show *show) error {
	show.begin(file)
	id := file
	if !isTranscription(file) {
		var err error
		id, err = server.Submit(ctx, client.Job{Organization: c.Organization, File: file, Language: c.Language, Progress: show.progress})
		show.closeBar()
		if err != nil {
			return err
		}
	}
	err := server.Follow(ctx, id, show.status)
	if err == nil {
		err = c.print(ctx, server, id, out)
	}
	if ctx.Err() != nil {
		show.left(c.look(id))
		return ctx.Err()
	}
	return err
}

// isTranscription says whether a word is an id and no file has that name.
func isTranscription(word string) bool {
	id, err := ids.Parse(word)
	if err != nil || !id.Is(ids.Transcription) {
		return false
	}
	_, err = os.Stat(word)
	return errors.Is(err, os.ErrNotExist)
}

func (c *transcribeCommand) print(ctx context.Context, server *client.Client, id string, out io.Writer) error {
	if c.Format != "text" {
		file, err := server.Download(ctx, id, strings.ToUpper(c.Format))
		if err != nil {
			return err
		}
		return written(out.Write(file))
	}
	transcript, err := server.Transcript(ctx, id)
	if err != nil {
		return err
	}
	return written(io.WriteString(out, conversation(transcript)))
}

func written(_ int, err error) error {
	if err != nil {
		return fmt.Errorf("printing the transcript: %w", err)
	}
	return nil
}

// look is the command that comes back to a transcription.
func (c *transcribeCommand) look(id string) string {
	command := "switchboard transcribe " + id
	if c.Format != "text" {
		command += " --format " + c.Format
	}
	return command + " --server " + c.Server
}

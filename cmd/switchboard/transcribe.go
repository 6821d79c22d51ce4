package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// transcribeCommand sends audio files to a running server, one after the other, and prints what was said.
type transcribeCommand struct {
	Files        []string `arg:"" name:"file" help:"Audio files, or ids of transcriptions (trn_…) to look at again."`
	Format       string   `enum:"text,json,srt,vtt" default:"text" help:"What is printed: ${enum}."`
	Server       string   `env:"SWITCHBOARD_SERVER" default:"http://localhost:8080" help:"Address of the server."`
	Token        string   `env:"SWITCHBOARD_TOKEN" help:"Token to sign in with; default: the one that make run left."`
	Home         string   `env:"SWITCHBOARD_HOME" default:".switchboard" hidden:""`
	Organization string   `help:"Id or slug; needed only by members of several."`
	Language     string   `help:"As in en or en_us; default: the organization's setting, or detected."`
}

// Run transcribes all files that it can. Error: what went wrong, of each file.
func (c *transcribeCommand) Run(ctx context.Context) error {
	return c.run(ctx, os.Stdout, &show{to: os.Stderr, terminal: isTerminal(os.Stderr)})
}

func (c *transcribeCommand) run(ctx context.Context, out io.Writer, show *show) error {
	token, err := signInToken(c.Token, c.Home)
	if err != nil {
		return err
	}
	server := client.New(client.Config{Server: c.Server, Token: token, Retrying: show.retrying})
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
	var text strings.Builder
	for _, u := range transcript.Utterances {
		at := time.Duration(u.StartMs) * time.Millisecond
		fmt.Fprintf(&text, "[%02d:%02d:%02d] %s: %s\n", int(at.Hours()), int(at.Minutes())%60, int(at.Seconds())%60, printable(u.SpeakerKey), printable(u.Text))
	}
	return written(io.WriteString(out, text.String()))
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

// signInToken is the given one, or the one that a local server left for us.
func signInToken(given, home string) (string, error) {
	if given != "" {
		return given, nil
	}
	path := filepath.Join(home, tokenName)
	left, err := os.ReadFile(path)
	token := strings.TrimSpace(string(left))
	if errors.Is(err, os.ErrNotExist) || err == nil && token == "" {
		return "", fmt.Errorf("no token: start the server with `make run`, which leaves one in %s, or give --token or SWITCHBOARD_TOKEN", path)
	}
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	return token, nil
}

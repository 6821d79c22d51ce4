package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// command is what a person typed, in a folder where make run has left a token.
func (d *desk) command(t *testing.T, format string, names ...string) *transcribeCommand {
	t.Helper()
	home := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(home, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("token", "tok_left\n")
	c := &transcribeCommand{remote: remote{Server: d.url, Home: home}, Format: format}
	for _, name := range names {
		c.Files = append(c.Files, write(name, "some sound"))
	}
	return c
}

// typed gives what came on stdout and on stderr.
func typed(ctx context.Context, c *transcribeCommand, terminal bool) (out, seen string, err error) {
	var stdout, stderr strings.Builder
	err = c.run(ctx, &stdout, &show{to: &stderr, terminal: terminal})
	return stdout.String(), stderr.String(), err
}

func TestTranscriptGoesToStdoutAndTheRestToStderr(t *testing.T) {
	t.Parallel()
	out, seen, err := typed(t.Context(), newDesk(t).command(t, "text", "good.wav"), false)
	if err != nil || out != "[01:02:03] 1: Hello  [31mred\n" {
		t.Errorf("printed %q, %v", out, err)
	}
	at := -1
	for _, want := range []string{"good.wav\n", "s  sent 0.0 KB\n", "s  processing\n", "s  completed\n"} {
		next := strings.Index(seen, want)
		if next <= at {
			t.Errorf("stderr %q: want %q next", seen, want)
		}
		at = next
	}
	if strings.Contains(seen, "\r") {
		t.Errorf("stderr %q draws where nobody looks", seen)
	}
}

func TestTerminalSeesABar(t *testing.T) {
	t.Parallel()
	_, seen, err := typed(t.Context(), newDesk(t).command(t, "text", "good.wav"), true)
	if err != nil || !strings.Contains(seen, "\r         [##############################] 100% of 0.0 KB\n") {
		t.Errorf("stderr %q, %v", seen, err)
	}
}

func TestFailedFileIsAnErrorAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	c := newDesk(t).command(t, "text", "bad.wav", "good.wav")
	c.Files = append(c.Files, filepath.Join(c.Home, "missing.wav"))
	out, _, err := typed(t.Context(), c, false)
	var answered *client.Error
	if !errors.As(err, &answered) || answered.Code != "PROVIDER_REFUSED" || answered.Message != "There is no speech in it." {
		t.Fatalf("got %v, want the server's sentence", err)
	}
	if !strings.Contains(err.Error(), c.Files[0]+": ") || !strings.Contains(err.Error(), c.Files[2]+": ") || strings.Contains(err.Error(), "good.wav") {
		t.Errorf("got %v, want the two files that failed", err)
	}
	if !strings.Contains(out, "Hello") {
		t.Errorf("printed %q, want the other file's transcript", out)
	}
}

func TestSubtitlesAreTheServersFile(t *testing.T) {
	t.Parallel()
	out, _, err := typed(t.Context(), newDesk(t).command(t, "srt", "good.wav"), false)
	if err != nil || out != "1\n00:00:03,000 --> 00:00:04,000\n1: Hello\n" {
		t.Errorf("printed %q, %v", out, err)
	}
}

func TestInterruptedCommandSaysHowToLookAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	d.held = cancel
	out, seen, err := typed(ctx, d.command(t, "srt", "good.wav", "good2.wav"), false)
	if !errors.Is(err, context.Canceled) || out != "" {
		t.Errorf("printed %q, %v", out, err)
	}
	if !strings.Contains(seen, "goes on at the server") || !strings.Contains(seen, "switchboard transcribe good --format srt --server "+d.url) || strings.Contains(seen, "good2") {
		t.Errorf("stderr %q", seen)
	}
}

func TestIdOfATranscriptionIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	c := newDesk(t).command(t, "text")
	c.Files = []string{ids.Of(ids.Transcription, uuid.Max).String()}
	out, seen, err := typed(t.Context(), c, false)
	if err != nil || !strings.Contains(out, "Hello") || strings.Contains(seen, "sent") {
		t.Errorf("printed %q beside %q, %v", out, seen, err)
	}
}

func TestWithoutATokenItSaysHowToGetOne(t *testing.T) {
	t.Parallel()
	c := &transcribeCommand{remote: remote{Home: t.TempDir(), Server: "http://127.0.0.1:0"}, Files: []string{"x.wav"}}
	_, _, err := typed(t.Context(), c, false)
	if err == nil || !strings.Contains(err.Error(), "make run") || !strings.Contains(err.Error(), "--token") {
		t.Errorf("got %v", err)
	}
}

func TestCommandLineIsUnderstood(t *testing.T) {
	t.Parallel()
	var line struct {
		Transcribe transcribeCommand `cmd:""`
	}
	parser, err := kong.New(&line)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"transcribe", "a.wav", "b.mp3", "--format", "vtt", "--organization", "acme"}); err != nil {
		t.Fatal(err)
	}
	if c := line.Transcribe; len(c.Files) != 2 || c.Format != "vtt" || c.Organization != "acme" || c.Home == "" || c.Server == "" {
		t.Errorf("understood %+v", c)
	}
	if _, err := parser.Parse([]string{"transcribe", "a.wav", "--format", "docx"}); err == nil {
		t.Error("an unknown format was taken")
	}
}

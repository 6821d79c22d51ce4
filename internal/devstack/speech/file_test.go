package speech

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWithoutFfmpegTheErrorNamesTheFormatAndTheRemedy(t *testing.T) {
	t.Parallel()
	e := tinyEngine()
	e.ffmpeg = filepath.Join(t.TempDir(), "ffmpeg")
	for content, want := range map[string]string{
		"ID3\x04\x00\x00":    "MP3",
		"fLaC\x00\x00":       "FLAC",
		"OggS\x00\x02":       "Ogg",
		"\x00\x00\x00 ftypM": "MP4",
		"hello":              "unknown format",
		"":                   "unknown format",
		string(wavFile(2, 1, 8000, 4, []byte("12345678"))): "WAV with codec 0x0002",
	} {
		_, err := e.Recognize(t.Context(), write(t, []byte(content)))
		var refusal *Refused
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Why, want) || !strings.Contains(refusal.Why, "install ffmpeg") {
			t.Errorf("%.6q: %v, want %q", content, err, want)
		}
	}
}

func TestOtherFormatsAreHeardThroughFfmpeg(t *testing.T) {
	t.Parallel()
	e := tinyEngine()
	converted := write(t, pcm16(Rate, 2, Rate, warble))
	e.ffmpeg = script(t, `cat "`+converted+`"`)
	result, err := e.Recognize(t.Context(), write(t, []byte("ID3 and more")))
	if err != nil || result.Channels != 2 || result.Duration.Seconds() != 1 {
		t.Errorf("Recognize = %+v, %v", result, err)
	}
}

func TestWhatFfmpegCannotReadIsRefusedInItsWords(t *testing.T) {
	t.Parallel()
	e := tinyEngine()
	e.ffmpeg = script(t, `for a; do case "$a" in file:*) echo "$a: Invalid data found" >&2; esac; done; exit 1`)
	recording := write(t, []byte("ID3 and more"))
	_, err := e.Recognize(t.Context(), recording)
	var refusal *Refused
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Why, "MP3: file: Invalid data found") {
		t.Errorf("Recognize = %v", err)
	}
}

func TestFfmpegEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	e := tinyEngine()
	started := filepath.Join(t.TempDir(), "started")
	if err := os.WriteFile(started, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e.ffmpeg = script(t, `rm "`+started+`"; exec cat /dev/zero`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	recording := write(t, []byte("ID3 and more"))
	go func() {
		_, err := e.Recognize(ctx, recording)
		done <- err
	}()
	until(t, func() bool { _, err := os.Stat(started); return err != nil })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Recognize = %v", err)
	}
}

func TestAMissingFileIsNoRefusal(t *testing.T) {
	t.Parallel()
	_, err := tinyEngine().Recognize(t.Context(), filepath.Join(t.TempDir(), "none"))
	var refusal *Refused
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, &refusal) {
		t.Errorf("Recognize = %v", err)
	}
}

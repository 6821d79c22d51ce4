package assemblyai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
)

func TestUploadedAudioIsHeardAndScratchIsCleaned(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 1)
	s := start(t, func(c *Config) { c.Recognizer, c.AllowAudio = reading(heard), nil })
	at, err := s.Upload(t.Context(), strings.NewReader("sound"), 5)
	if err != nil {
		t.Fatal(err)
	}
	id := s.submit(t, assemblyai.SubmitParams{AudioURL: at})
	if got := s.wait(t, id); got.Status != assemblyai.StatusCompleted || <-heard != "sound" {
		t.Errorf("got %s", got.Raw)
	}
	if left, err := os.ReadDir(s.audioDir()); err != nil || len(left) != 0 {
		t.Errorf("scratch holds %v, %v", left, err)
	}
	if err := s.Delete(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	var refused *assemblyai.Error
	if _, err := s.Submit(t.Context(), assemblyai.SubmitParams{AudioURL: at}); !errors.As(err, &refused) || refused.Status != http.StatusForbidden {
		t.Errorf("an upload that is gone: %v", err)
	}
}

// reading is a recognizer that tells what the file held.
type reading chan string

func (r reading) Recognize(_ context.Context, file string) (speech.Result, error) {
	body, err := os.ReadFile(file)
	r <- string(body)
	return conversation, err
}

func TestOldUploadsMakeRoom(t *testing.T) {
	t.Parallel()
	s := start(t)
	first, err := s.Upload(t.Context(), strings.NewReader("sound"), 5)
	if err != nil {
		t.Fatal(err)
	}
	for range maxUploads {
		if _, err := s.Upload(t.Context(), strings.NewReader("sound"), 5); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := os.ReadDir(s.uploadDir()); err != nil || len(left) != maxUploads {
		t.Errorf("%d uploads are left, %v", len(left), err)
	}
	if _, err := s.Submit(t.Context(), assemblyai.SubmitParams{AudioURL: first}); err == nil {
		t.Error("the oldest upload is still there")
	}
}

func TestAudioThatCannotBeFetchedEndsInAnErrorWithoutItsAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/missing?signature=secret", "/elsewhere?signature=secret"} {
		got := s.wait(t, s.submit(t, assemblyai.SubmitParams{AudioURL: s.audio.URL + path}))
		if got.Status != assemblyai.StatusError || got.Error == "" || strings.Contains(got.Error, "secret") {
			t.Errorf("%s: %s", path, got.Error)
		}
	}
}

func TestARecognizersErrorIsToldWithoutOurPaths(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *Config) { c.Recognizer = failing{} })
	got := s.wait(t, s.submit(t, s.params()))
	if got.Status != assemblyai.StatusError || got.Error != "decoding the audio: not audio" {
		t.Errorf("%q", got.Error)
	}
}

type failing struct{}

func (failing) Recognize(_ context.Context, file string) (speech.Result, error) {
	return speech.Result{}, fmt.Errorf("decoding %s: not audio", file)
}

package assemblyai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/audio"
	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
)

const (
	// fetchTimeout is for a gigabyte from a bucket next door.
	fetchTimeout = 5 * time.Minute
	// listenTimeout is for six hours of audio on one slow core, longer than any call.
	listenTimeout = time.Hour
)

// work ends when Close has closed the queue and the queue is empty.
func (s *Server) work(ctx context.Context) {
	for j := range s.queue {
		s.run(ctx, j)
	}
}

func (s *Server) run(ctx context.Context, j *job) {
	s.mu.Lock()
	j.status = processing
	s.mu.Unlock()
	heard, err := s.listen(ctx, j)
	_ = os.Remove(j.file) // it may never have been there
	faults := s.currentFaults()
	if faults.ErrorTranscript != "" {
		err = errors.New(faults.ErrorTranscript)
	}
	pause(ctx, faults.Delay)
	s.conclude(j, heard, err)
	s.group.Go(func() { s.notify(ctx, j) })
}

func (s *Server) conclude(j *job, heard speech.Result, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j.status, j.heard, j.completed = completed, heard, time.Now().UTC()
	if err != nil { // the client reads why, so what is ours alone stays out of it
		j.status, j.failure = failed, strings.ReplaceAll(err.Error(), j.file, "the audio")
	}
}

func (s *Server) listen(ctx context.Context, j *job) (speech.Result, error) {
	if !j.uploaded {
		if err := s.fetch(ctx, j.ask.AudioURL, j.file); err != nil {
			return speech.Result{}, fmt.Errorf("download error: %w", err)
		}
	}
	if j.ask.SpeakerLabels && channels(j.file) == 1 { // known now, it spares minutes of listening
		return speech.Result{}, errOneChannel
	}
	ctx, cancel := context.WithTimeout(ctx, listenTimeout)
	defer cancel()
	heard, err := s.config.Recognizer.Recognize(ctx, j.file)
	if err == nil && j.ask.SpeakerLabels && heard.Channels == 1 {
		err = errOneChannel
	}
	return heard, err
}

var errOneChannel = errors.New(`"speaker_labels" needs audio with a channel for each speaker: the local speech service cannot tell voices on one channel apart. Ask without it.`)

// channels looks into the file's headers; 0 where they do not say.
func channels(name string) int {
	file, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer func() { _ = file.Close() }()
	about, err := file.Stat()
	if err != nil {
		return 0
	}
	info, err := audio.Inspect(file, about.Size())
	if err != nil { // whether it is audio at all is the recognizer's to say
		return 0
	}
	return info.Channels
}

// fetch stores the audio. Its errors leave the address out: it is signed, and so a secret.
func (s *Server) fetch(ctx context.Context, address, name string) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.New("the address is not valid")
	}
	response, err := s.client.Do(request)
	if err != nil {
		var with *url.Error
		if errors.As(err, &with) {
			err = with.Err
		}
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the server of the audio answered %d", response.StatusCode)
	}
	size, err := store(s.audioDir(), name, io.LimitReader(response.Body, maxAudio+1))
	if err == nil && size > maxAudio {
		return fmt.Errorf("the audio is larger than %d bytes", int64(maxAudio))
	}
	return err
}

// pause says whether it lasted to its end.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

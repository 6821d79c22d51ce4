package client

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// Job is one audio file to be transcribed.
type Job struct {
	Organization string // id or slug; empty: the only one that the token's user belongs to
	File         string // a path
	Language     string // as in "en"; empty: the organization's setting, else detected
	Progress     func(sent, total int64)
	Status       func(Status)
}

// Transcribe sends a file, waits until it is transcribed and reads the transcript. The transcript's ID is
// set as soon as the server gave one, also beside an error: the server goes on when ctx ends. Error:
// *Error, of a failed transcription too.
func (c *Client) Transcribe(ctx context.Context, job Job) (Transcript, error) {
	id, err := c.Submit(ctx, job)
	if err != nil {
		return Transcript{}, err
	}
	if err := c.Follow(ctx, id, job.Status); err != nil {
		return Transcript{ID: id}, err
	}
	return c.Transcript(ctx, id)
}

// Submit sends a file and gives the id of its transcription, which has then begun.
func (c *Client) Submit(ctx context.Context, job Job) (transcription string, err error) {
	file, err := os.Open(job.File)
	if err != nil {
		return "", fmt.Errorf("opening the audio: %w", err)
	}
	defer file.Close()
	about, err := describe(file)
	if err != nil {
		return "", fmt.Errorf("reading the audio: %w", err)
	}
	if about["organizationId"], err = c.organization(ctx, job.Organization); err != nil {
		return "", err
	}
	upload, target, err := c.begin(ctx, about)
	if err != nil {
		return "", err
	}
	size, _ := about["sizeBytes"].(int64)
	err = c.send(ctx, target, file, size, func(sent int64) {
		if job.Progress != nil {
			job.Progress(sent, size)
		}
	})
	if err != nil {
		return "", fmt.Errorf("sending the audio: %w", err)
	}
	return c.complete(ctx, upload, job.Language)
}

// describe says what uploadCreate wants to know. The key makes a repeated request harmless; it is new
// for each run, so that the same file may be transcribed twice on purpose.
func describe(file *os.File) (map[string]any, error) {
	sum := sha256.New()
	size, err := io.Copy(sum, file)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"filename": filepath.Base(file.Name()), "contentType": contentType(file.Name()), "sizeBytes": size,
		"sha256": hex.EncodeToString(sum.Sum(nil)), "idempotencyKey": rand.Text(),
	}, nil
}

// contentType is only the announcement; the server looks at the bytes.
func contentType(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".wav":
		return "audio/wav"
	case ".mp3":
		return "audio/mpeg"
	case ".m4a":
		return "audio/mp4"
	case ".mp4":
		return "video/mp4"
	case ".ogg", ".oga", ".opus":
		return "audio/ogg"
	case ".webm":
		return "audio/webm"
	case ".flac":
		return "audio/flac"
	}
	return "application/octet-stream"
}

const createUpload = `mutation($input: UploadCreateInput!) {
  uploadCreate(input: $input) {
    upload { id }
    targets { method url headers { name value } }
    userErrors { code message path }
  }
}`

func (c *Client) begin(ctx context.Context, about map[string]any) (upload string, target UploadTarget, err error) {
	var out struct {
		UploadCreate struct {
			Upload     *struct{ ID string }
			Targets    []UploadTarget
			UserErrors []problem
		}
	}
	err = c.doSafely(ctx, createUpload, map[string]any{"input": about}, &out)
	made := out.UploadCreate
	if err = errors.Join(err, failure(made.UserErrors, Error{})); err != nil {
		return "", UploadTarget{}, fmt.Errorf("beginning the upload: %w", err)
	}
	if made.Upload == nil || len(made.Targets) == 0 {
		return "", UploadTarget{}, errors.New("beginning the upload: the server said neither where to send the file nor why not")
	}
	return made.Upload.ID, made.Targets[0], nil
}

// send may send twice: the bucket stores the first whole body and answers 412 to a second one, and
// uploadComplete compares what is stored with what was announced.
func (c *Client) send(ctx context.Context, target UploadTarget, file io.ReaderAt, size int64, progress func(int64)) error {
	first := true
	return c.repeat(ctx, func() error {
		err := c.Upload(ctx, target, file, size, progress)
		var answered *Error
		if !first && errors.As(err, &answered) && answered.Status == http.StatusPreconditionFailed {
			return nil
		}
		first = false
		return err
	})
}

const completeUpload = `mutation($input: UploadCompleteInput!) {
  uploadComplete(input: $input) {
    transcription { id }
    userErrors { code message path }
  }
}`

func (c *Client) complete(ctx context.Context, upload, language string) (transcription string, err error) {
	input := map[string]any{"uploadId": upload, "transcribe": true}
	if language != "" {
		input["languageCode"] = language
	}
	var out struct {
		UploadComplete struct {
			Transcription *struct{ ID string }
			UserErrors    []problem
		}
	}
	err = c.doSafely(ctx, completeUpload, map[string]any{"input": input}, &out)
	if err = errors.Join(err, failure(out.UploadComplete.UserErrors, Error{})); err != nil {
		return "", fmt.Errorf("completing the upload: %w", err)
	}
	if out.UploadComplete.Transcription == nil {
		return "", errors.New("completing the upload: the server began no transcription and did not say why")
	}
	return out.UploadComplete.Transcription.ID, nil
}

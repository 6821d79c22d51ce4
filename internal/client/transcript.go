package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Transcript is what was said.
type Transcript struct {
	ID           string
	LanguageCode string
	Confidence   float64 // 0 to 1; 0 when unknown
	Text         string
	Speakers     []Speaker
	Utterances   []Utterance
}

// Speaker is a voice in a transcript.
type Speaker struct {
	Key        string
	Label      string
	TalkTimeMs int
}

// Utterance is what one speaker said in one go.
type Utterance struct {
	SpeakerKey string
	StartMs    int
	EndMs      int
	Text       string
}

const (
	// maxPages of 500 utterances are some 200 hours of lively talk: a server that gives more goes in circles.
	maxPages = 400
	// maxFile is above the JSON of the longest audio, with each word's times.
	maxFile = 256 << 20
	// downloadTimeout is for that file over a slow line.
	downloadTimeout = 5 * time.Minute
)

const readTranscript = `query($id: ID!, $first: Boolean!, $after: String) {
  transcription(id: $id) {
    id
    languageCode @include(if: $first)
    confidence @include(if: $first)
    text @include(if: $first)
    speakers @include(if: $first) { key label talkTimeMs }
    utterances(first: 500, after: $after) {
      nodes { speakerKey startMs endMs text }
      pageInfo { hasNextPage endCursor }
    }
  }
}`

// transcriptPage is the transcript's head and some of its utterances; only the first one has a head.
type transcriptPage struct {
	Transcript
	Utterances struct {
		Nodes    []Utterance
		PageInfo struct {
			HasNextPage bool
			EndCursor   *string
		}
	}
}

// Transcript reads a transcript, page by page.
func (c *Client) Transcript(ctx context.Context, transcription string) (Transcript, error) {
	whole := Transcript{ID: transcription}
	var after *string
	for page := range maxPages {
		got, err := c.page(ctx, map[string]any{"id": transcription, "first": page == 0, "after": after})
		if err != nil {
			return whole, fmt.Errorf("reading the transcript: %w", err)
		}
		if page == 0 {
			whole = got.Transcript
		}
		whole.Utterances = append(whole.Utterances, got.Utterances.Nodes...)
		if !got.Utterances.PageInfo.HasNextPage {
			return whole, nil
		}
		after = got.Utterances.PageInfo.EndCursor
	}
	return whole, errors.New("reading the transcript: the pages do not end")
}

func (c *Client) page(ctx context.Context, variables map[string]any) (*transcriptPage, error) {
	var out struct{ Transcription *transcriptPage }
	if err := c.Do(ctx, readTranscript, variables, &out); err != nil {
		return nil, err
	}
	if out.Transcription == nil {
		return nil, &Error{Code: "NOT_FOUND", Message: "There is no such transcription."}
	}
	return out.Transcription, nil
}

const askDownload = `query($id: ID!, $format: TranscriptFormat!) { transcription(id: $id) { download(format: $format) { url } } }`

// Download gets the transcript as a file of the server's making: JSON, TEXT, SRT or VTT.
func (c *Client) Download(ctx context.Context, transcription, format string) ([]byte, error) {
	var out struct {
		Transcription *struct{ Download *struct{ URL string } }
	}
	if err := c.Do(ctx, askDownload, map[string]any{"id": transcription, "format": format}, &out); err != nil {
		return nil, fmt.Errorf("asking for the file: %w", err)
	}
	if out.Transcription == nil || out.Transcription.Download == nil {
		return nil, &Error{Code: "NOT_FOUND", Message: "There is no finished transcript to download."}
	}
	var file []byte
	err := c.repeat(ctx, func() (err error) {
		file, err = c.get(ctx, out.Transcription.Download.URL)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("downloading the file: %w", err)
	}
	return file, nil
}

// get reads from a signed address.
func (c *Client) get(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", bare(err))
	}
	response, body, err := fetch(c.bucket, request, maxFile)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, bucketRefused(response, body)
	}
	return body, nil
}

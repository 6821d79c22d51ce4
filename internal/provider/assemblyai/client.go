// Package assemblyai speaks AssemblyAI's API for recorded audio: submit, get, list, delete, upload, and
// what its webhooks say. It knows the vendor's words and none of ours. The vendor's answers are not
// trusted: they are bounded in size and time, and what cannot be read is an error, never an empty result.
package assemblyai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// callTimeout is far above what the vendor takes to answer, and still lets a worker go on soon.
	callTimeout = 15 * time.Second
	// uploadTimeout is what the largest upload, 2.2 GB, takes at 20 Mbit/s.
	uploadTimeout = 15 * time.Minute
)

// Config says where the vendor is and who we are.
type Config struct {
	BaseURL string // without a path; the vendor has one in the US and one in the EU
	Key     string
	HTTP    *http.Client // nil: one of our own. Its redirects are never followed
}

// Client calls the vendor. It may be used by many goroutines at once.
type Client struct {
	base, key string
	http      http.Client
}

// New makes a client.
func New(config Config) *Client {
	c := &Client{base: strings.TrimRight(config.BaseURL, "/"), key: config.Key}
	if config.HTTP != nil {
		c.http = *config.HTTP
	}
	// A followed redirect would send the audio's signed link, or the key, to wherever it points.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// Submit asks for a transcript. The vendor has no idempotency key: after any error but an *Error that is
// Refused, the submission may have been taken.
func (c *Client) Submit(ctx context.Context, in SubmitParams) (Transcript, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return Transcript{}, fmt.Errorf("encoding the submission: %w", err)
	}
	answer, err := c.call(ctx, http.MethodPost, "/v2/transcript", body)
	if err != nil {
		return Transcript{}, fmt.Errorf("submitting to assemblyai: %w", err)
	}
	t, err := decodeTranscript(answer)
	if err != nil {
		return Transcript{}, fmt.Errorf("reading assemblyai's answer to a submission: %w", err)
	}
	return t, nil
}

// Get reads a transcript, whatever its status.
func (c *Client) Get(ctx context.Context, id string) (Transcript, error) {
	return c.transcript(ctx, http.MethodGet, id)
}

// Delete has the vendor forget a transcript. It may be repeated.
func (c *Client) Delete(ctx context.Context, id string) error {
	_, err := c.transcript(ctx, http.MethodDelete, id)
	return err
}

func (c *Client) transcript(ctx context.Context, method, id string) (Transcript, error) {
	if !idPattern.MatchString(id) {
		return Transcript{}, errBadID
	}
	answer, err := c.call(ctx, method, "/v2/transcript/"+id, nil)
	if err != nil {
		return Transcript{}, fmt.Errorf("%s of assemblyai transcript %s: %w", strings.ToLower(method), id, err)
	}
	t, err := decodeTranscript(answer)
	if err == nil && t.ID != id {
		err = errors.New("the answer is about another transcript")
	}
	if err != nil {
		return Transcript{}, fmt.Errorf("reading assemblyai transcript %s: %w", id, err)
	}
	return t, nil
}

// idPattern keeps an id that came from outside within its place in the path.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

var errBadID = errors.New("not an id of an assemblyai transcript")

// ListParams choose a page, newest first.
type ListParams struct {
	Limit    int    // 0: the vendor's own
	BeforeID string // only what is older than this
}

// TranscriptList is a page.
type TranscriptList struct {
	Transcripts []ListItem `json:"transcripts"`
}

// ListItem is what a list tells of a transcript.
type ListItem struct {
	ID       string `json:"id"`
	Status   Status `json:"status"`
	AudioURL string `json:"audio_url"` // as submitted
}

// List reads a page of transcripts.
func (c *Client) List(ctx context.Context, in ListParams) (TranscriptList, error) {
	query := url.Values{}
	if in.Limit > 0 {
		query.Set("limit", strconv.Itoa(in.Limit))
	}
	if in.BeforeID != "" {
		query.Set("before_id", in.BeforeID)
	}
	path := "/v2/transcript"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	answer, err := c.call(ctx, http.MethodGet, path, nil)
	if err != nil {
		return TranscriptList{}, fmt.Errorf("listing assemblyai transcripts: %w", err)
	}
	var list TranscriptList
	if err := json.Unmarshal(answer, &list); err != nil {
		return TranscriptList{}, fmt.Errorf("reading assemblyai's list: %w", err)
	}
	if list.Transcripts == nil { // taken for an empty list, it would have a submission sent twice
		return TranscriptList{}, errors.New("reading assemblyai's list: it has no transcripts")
	}
	return list, nil
}

// Upload hands audio to the vendor and gives the address to submit, which only the vendor can read. size
// is what body holds, 0 when that is not known. The caller closes body.
func (c *Client) Upload(ctx context.Context, body io.Reader, size int64) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, uploadTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v2/upload", io.NopCloser(body))
	if err != nil {
		return "", fmt.Errorf("uploading to assemblyai: %w", err)
	}
	request.Header.Set("Content-Type", "application/octet-stream")
	request.ContentLength = -1
	if size > 0 {
		request.ContentLength = size
	}
	answer, err := c.do(request)
	if err != nil {
		return "", fmt.Errorf("uploading to assemblyai: %w", err)
	}
	var taken struct {
		UploadURL string `json:"upload_url"`
	}
	if err := json.Unmarshal(answer, &taken); err != nil {
		return "", fmt.Errorf("reading assemblyai's answer to an upload: %w", err)
	}
	if at, err := url.Parse(taken.UploadURL); err != nil || at.Host == "" {
		return "", errors.New("reading assemblyai's answer to an upload: it has no address")
	}
	return taken.UploadURL, nil
}

func (c *Client) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return c.do(request)
}

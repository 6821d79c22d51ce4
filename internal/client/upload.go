package client

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// UploadTarget is the signed request that takes a file, as uploadCreate gives it.
type UploadTarget struct {
	Method  string   `json:"method"`
	URL     string   `json:"url"`
	Headers []Header `json:"headers"`
}

// Header is one header of a signed request.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

const (
	// stall is how long not a byte may move: longer than a phone takes to change its network.
	stall = 90 * time.Second
	// maxReply is more than any bucket says about an upload.
	maxReply = 64 << 10
)

var errStalled = errors.New("the upload stalled")

// Upload sends size bytes to a signed address, once, with exactly the headers that were signed and no
// cookies. progress is told how much is on its way; it may be nil. Error: *Error with the bucket's words.
func (c *Client) Upload(ctx context.Context, target UploadTarget, body io.ReaderAt, size int64, progress func(sent int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(stall, func() { cancel(errStalled) })
	defer watchdog.Stop()
	moving := &moving{from: io.NewSectionReader(body, 0, size), moved: func(sent int64) {
		watchdog.Reset(stall)
		if progress != nil {
			progress(sent)
		}
	}}
	defer moving.stop()
	request, err := http.NewRequestWithContext(ctx, target.Method, target.URL, moving)
	if err != nil {
		return fmt.Errorf("making the upload's request: %w", bare(err))
	}
	request.ContentLength = size
	for _, h := range target.Headers {
		request.Header.Set(h.Name, h.Value)
		if strings.EqualFold(h.Name, "Host") {
			request.Host = h.Value
		}
	}
	response, answer, err := fetch(c.bucket, request, maxReply)
	switch {
	case err != nil && errors.Is(context.Cause(ctx), errStalled):
		return lost{errStalled}
	case err != nil:
		return err
	case response.StatusCode/100 != 2:
		return bucketRefused(response, answer)
	}
	return nil
}

// moving tells how far a body has been read. The transport may read on for a moment after it has given
// its answer: stop keeps its user from being called then.
type moving struct {
	from io.Reader

	mu    sync.Mutex
	sent  int64
	moved func(sent int64) // nil once stopped
}

func (m *moving) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	if n > 0 && m.moved != nil {
		m.sent += int64(n)
		m.moved(m.sent)
	}
	return n, err
}

func (m *moving) stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.moved = nil
}

// bucketRefused reads S3's XML, which has the sentence inside, or takes the text as it is.
func bucketRefused(response *http.Response, body []byte) error {
	e := refused(response, body)
	var s3 struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		Message string
	}
	if bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) && xml.Unmarshal(body, &s3) == nil && s3.Message != "" {
		e.Code, e.Message = s3.Code, s3.Message
	}
	return e
}

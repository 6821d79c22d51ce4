package signalwire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// idleTimeout ends a body in which nothing moves.
	idleTimeout = 30 * time.Second
	// maxRedirects is for a storage behind the vendor's own address.
	maxRedirects = 3
)

var (
	// ErrTooLarge is for audio above the limit.
	ErrTooLarge = errors.New("the recording is too large")
	// ErrStalled is for audio that stopped coming.
	ErrStalled = errors.New("the recording stopped coming")
)

// AudioParams say which bytes are wanted.
type AudioParams struct {
	Sid    string // of the recording
	Offset int64  // bytes that are here already
	Most   int64  // bytes that the whole recording may have
}

// Audio is the sound of a recording, as a WAV file, from an offset on.
type Audio struct {
	Size int64 // of the whole file, -1 when the vendor did not say

	body    io.ReadCloser
	at      int64 // how far of the whole file has been read
	most    int64
	end     context.CancelCauseFunc
	ctx     context.Context
	stalled *time.Timer
}

// Audio opens the sound of a recording. The bytes begin at the offset also where the vendor sends all of
// them again, so that a fetch that was cut off goes on where it was. The caller closes it and bounds the
// whole by ctx. Errors: ErrTooLarge, ErrStalled, *Error.
func (c *Client) Audio(ctx context.Context, in AudioParams) (*Audio, error) {
	if !sidPattern.MatchString(in.Sid) {
		return nil, errBadSid
	}
	ctx, end := context.WithCancelCause(ctx)
	a := &Audio{Size: -1, most: in.Most, end: end, ctx: ctx, stalled: time.AfterFunc(idleTimeout, func() { end(ErrStalled) })}
	err := c.open(a, in)
	a.stalled.Stop()
	if err != nil {
		a.Close()
		return nil, fmt.Errorf("fetching signalwire recording %s: %w", in.Sid, err)
	}
	return a, nil
}

// open asks for the bytes and leaves a at the offset.
func (c *Client) open(a *Audio, in AudioParams) error {
	request, err := http.NewRequestWithContext(a.ctx, http.MethodGet, c.base+c.root()+"/Recordings/"+in.Sid+".wav", nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	request.SetBasicAuth(c.project, c.token) // harmless where none is asked for
	request.Header.Set("Accept-Encoding", "identity")
	if in.Offset > 0 {
		request.Header.Set("Range", "bytes="+strconv.FormatInt(in.Offset, 10)+"-")
	}
	response, err := c.media.Do(request)
	if err != nil {
		return a.why(c.lost(err))
	}
	a.body = response.Body
	whole, begin := response.ContentLength, int64(0)
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable:
		if begin, whole, err = contentRange(response.Header.Get("Content-Range")); err != nil {
			return err
		}
		if response.StatusCode == http.StatusRequestedRangeNotSatisfiable {
			if whole != in.Offset {
				return c.refusal(response)
			}
			_ = response.Body.Close()
			a.body, begin = http.NoBody, in.Offset // all of it is here
		}
	default:
		return c.refusal(response)
	}
	if a.Size, a.at = whole, begin; whole > a.most {
		return fmt.Errorf("%w: %d bytes of %d", ErrTooLarge, whole, a.most)
	}
	if begin > in.Offset {
		return fmt.Errorf("the answer begins at byte %d instead of %d", begin, in.Offset)
	}
	if _, err := io.CopyN(io.Discard, a, in.Offset-begin); err != nil {
		return fmt.Errorf("passing over what is here: %w", err)
	}
	return nil
}

// contentRange reads "bytes 10-19/20" and "bytes */20"; whole is -1 where it is not said.
func contentRange(header string) (begin, whole int64, err error) {
	of, isBytes := strings.CutPrefix(header, "bytes ")
	part, total, cut := strings.Cut(of, "/")
	bad := fmt.Errorf("a range of %.60q", header)
	if !isBytes || !cut {
		return 0, 0, bad
	}
	whole = -1
	if total != "*" {
		if whole, err = strconv.ParseInt(total, 10, 64); err != nil || whole < 0 {
			return 0, 0, bad
		}
	}
	if part == "*" {
		return 0, whole, nil
	}
	first, _, _ := strings.Cut(part, "-")
	if begin, err = strconv.ParseInt(first, 10, 64); err != nil || begin < 0 {
		return 0, 0, bad
	}
	return begin, whole, nil
}

// Read reads on. A body that ends before Size is io.ErrUnexpectedEOF.
func (a *Audio) Read(p []byte) (int, error) {
	if int64(len(p)) > a.most-a.at+1 { // one byte more tells a file that is too large from one that just fits
		p = p[:a.most-a.at+1]
	}
	a.stalled.Reset(idleTimeout)
	n, err := a.body.Read(p)
	a.stalled.Stop() // whoever stores the bytes may take longer
	a.at += int64(n)
	switch {
	case a.at > a.most:
		return 0, ErrTooLarge
	case errors.Is(err, io.EOF) && a.Size >= 0 && a.at < a.Size:
		return n, io.ErrUnexpectedEOF
	case err != nil && !errors.Is(err, io.EOF):
		return n, a.why(err)
	}
	return n, err
}

// why names the reason where it is ours.
func (a *Audio) why(err error) error {
	if errors.Is(context.Cause(a.ctx), ErrStalled) {
		return ErrStalled
	}
	return err
}

// Close ends the fetch, also in the middle.
func (a *Audio) Close() {
	a.stalled.Stop()
	a.end(nil)
	if a.body != nil {
		_ = a.body.Close() // only the connection could fail, and it is not used again
	}
}

// toStorage follows the vendor to where it keeps audio, never to where the bytes would go unencrypted when
// they did not before. The token goes to no other host: net/http drops it.
func (c *Client) toStorage(next *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return errors.New("too many redirects")
	}
	if next.URL.Scheme != "https" && strings.HasPrefix(c.base, "https:") {
		return errors.New("redirected away from https")
	}
	next.Header.Del("Referer")
	return nil
}

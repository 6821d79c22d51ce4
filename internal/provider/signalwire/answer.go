package signalwire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxAnswer is ten times a page of the most calls that the vendor lists at once.
	maxAnswer = 2 << 20
	// maxErrorAnswer is more than any sentence; the rest of an error page tells nothing.
	maxErrorAnswer = 64 << 10
	// maxMessage is what a person still reads.
	maxMessage = 500
	// maxRetryAfter keeps a wrong header from putting work off for days.
	maxRetryAfter = 10 * time.Minute
)

const formType = "application/x-www-form-urlencoded"

// ErrNotSent is for a request that surely never reached the vendor.
var ErrNotSent = errors.New("the request was not sent")

// Error is an answer of the vendor that says no.
type Error struct {
	Status     int           // of HTTP
	Code       string        // the vendor's own, empty where it gave none
	Message    string        // the vendor's sentence, or the status in words
	RetryAfter time.Duration // how long the vendor wants to be left alone; 0 when it did not say
}

func (e *Error) Error() string { return fmt.Sprintf("signalwire answered %d: %s", e.Status, e.Message) }

// Refused says that the vendor surely did not do what it was asked. A time-out that a proxy reports leaves
// that open.
func (e *Error) Refused() bool {
	return e.Status >= http.StatusBadRequest && e.Status < http.StatusInternalServerError && e.Status != http.StatusRequestTimeout
}

// Temporary says that the same request may succeed later.
func (e *Error) Temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout || e.Status >= http.StatusInternalServerError
}

// RateLimited says that the vendor refused because there were too many requests.
func (e *Error) RateLimited() bool { return e.Status == http.StatusTooManyRequests }

// NotFound says that the vendor does not know what was asked for, and answered so.
func NotFound(err error) bool {
	var said *Error
	return errors.As(err, &said) && (said.Status == http.StatusNotFound || said.Status == http.StatusGone)
}

// MaybeDone says that a request failed in a way that leaves open whether the vendor carried it out.
func MaybeDone(err error) bool {
	if err == nil || errors.Is(err, ErrNotSent) || errors.Is(err, errBadSid) {
		return false
	}
	var said *Error
	return !errors.As(err, &said) || !said.Refused()
}

// do sends a request and reads the whole answer. The token goes in here and comes out nowhere.
func (c *Client) do(request *http.Request) (json.RawMessage, error) {
	request.SetBasicAuth(c.project, c.token)
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, c.lost(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, c.refusal(response)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if response.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	if !json.Valid(body) { // a login page of the network, a proxy's own words
		return nil, fmt.Errorf("the answer is %.100q instead of JSON", response.Header.Get("Content-Type"))
	}
	return body, nil
}

// lost tells a request that never left from one whose answer is missing, and leaves out the address, which
// holds people's numbers.
func (c *Client) lost(err error) error {
	var around *url.Error
	if errors.As(err, &around) {
		err = around.Err
	}
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return err
}

// refusal reads what it can of an error answer: proxies before the vendor answer in HTML or not at all.
func (c *Client) refusal(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorAnswer))
	var said struct {
		Code    number `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &said) // what is no JSON leaves the sentence empty
	e := &Error{
		Status: response.StatusCode, Code: sentence(string(said.Code)), Message: c.clean(said.Message),
		RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now()),
	}
	if e.Message == "" {
		e.Message = http.StatusText(e.Status)
	}
	return e
}

// clean takes our token out of a vendor's sentence: some services quote what they refuse.
func (c *Client) clean(message string) string {
	if c.token != "" {
		message = strings.ReplaceAll(message, c.token, "[token]")
	}
	return sentence(message)
}

// address is one of ours that the vendor quotes: its query may hold what opens it.
var address = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^\s"'<>]+`)

// sentence makes what the vendor says fit to be kept and shown.
func sentence(message string) string {
	message = strings.ToValidUTF8(strings.ReplaceAll(message, "\x00", ""), "\uFFFD")
	message = address.ReplaceAllString(message, "[address]")
	if utf8.RuneCountInString(message) > maxMessage {
		message = string([]rune(message)[:maxMessage]) + "…"
	}
	return message
}

// retryAfter reads the header, which holds seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.Atoi(header); err == nil {
		wait = time.Duration(min(max(seconds, 0), int(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}

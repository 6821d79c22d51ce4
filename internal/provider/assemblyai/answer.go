package assemblyai

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	// maxAnswer is several times a transcript of ten hours, the longest that the vendor makes.
	maxAnswer = 64 << 20
	// maxErrorAnswer is more than any sentence; the rest of an error page tells nothing.
	maxErrorAnswer = 64 << 10
	// maxMessage is what a person still reads.
	maxMessage = 500
	// maxRetryAfter keeps a wrong header from putting work off for days.
	maxRetryAfter = 10 * time.Minute
)

// Error is an answer of the vendor that says no. Any other error leaves open what became of the request.
type Error struct {
	Status     int           // of HTTP
	Message    string        // the vendor's sentence, or the status in words
	RetryAfter time.Duration // how long the vendor wants to be left alone; 0 when it did not say
}

func (e *Error) Error() string { return fmt.Sprintf("assemblyai answered %d: %s", e.Status, e.Message) }

// Refused says that the vendor surely did not take the request.
func (e *Error) Refused() bool { return e.Status < http.StatusInternalServerError }

// Temporary says that the same request may succeed later.
func (e *Error) Temporary() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError
}

// do sends a request and reads the whole answer. The key goes in here and comes out nowhere.
func (c *Client) do(request *http.Request) ([]byte, error) {
	request.Header.Set("Authorization", c.key)
	request.Header.Set("Accept", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, c.refusal(response)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxAnswer)
	}
	if !json.Valid(body) { // a login page of the network, a proxy's own words
		return nil, fmt.Errorf("the answer is %.100q instead of JSON", response.Header.Get("Content-Type"))
	}
	return body, nil
}

// refusal reads what it can of an error answer: proxies before the vendor answer in HTML or not at all.
func (c *Client) refusal(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxErrorAnswer))
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(body, &said) // what is no JSON leaves the sentence empty
	e := &Error{Status: response.StatusCode, Message: c.clean(said.Error), RetryAfter: retryAfter(response.Header.Get("Retry-After"), time.Now())}
	if e.Message == "" {
		e.Message = http.StatusText(e.Status)
	}
	return e
}

// clean takes our key out of a vendor's sentence: some services quote the key they refuse.
func (c *Client) clean(message string) string {
	if c.key != "" {
		message = strings.ReplaceAll(message, c.key, "[key]")
	}
	return sentence(message)
}

// address is where the audio is, with the signature that opens it: the vendor quotes it when it could not
// fetch the audio, and what it says is shown to people and written into logs.
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

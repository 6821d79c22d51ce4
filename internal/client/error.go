package client

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Error is what the server, or its bucket, answered instead of what was asked for.
type Error struct {
	Code       string // for the machine, e.g. "NOT_FOUND"; empty when only a status came
	Message    string // the server's sentence
	Path       []any  // names and indexes: into the answer, or into the variables when a person can mend it
	Status     int    // of HTTP, or the close code of a websocket; 0 for one that came on a stream
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	label := e.Code
	if label == "" {
		label = fmt.Sprint(e.Status)
	}
	return label + ": " + e.Message
}

// temporary says that the same request may well succeed after a pause. A LIMIT that does not say when to
// come back is one of size or plan, which no pause changes.
func (e *Error) temporary() bool {
	switch {
	case e.Code == "UNAVAILABLE":
		return true
	case e.Code == "LIMIT":
		return e.RetryAfter > 0
	}
	switch e.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// lost is a failure of the network: whether the other side did what was asked is not known.
type lost struct{ error }

func (l lost) Unwrap() error { return l.error }

// problem is one error as GraphQL writes it; in userErrors the code stands beside the message.
type problem struct {
	Message    string `json:"message"`
	Path       []any  `json:"path"`
	Code       string `json:"code"`
	Extensions struct {
		Code string `json:"code"`
	} `json:"extensions"`
}

// failure makes one error of a list; nil when the list is empty.
func failure(problems []problem, about Error) error {
	all := make([]error, len(problems))
	for i, p := range problems {
		one := about
		one.Message, one.Path, one.Code = p.Message, p.Path, p.Extensions.Code
		if one.Code == "" {
			one.Code = p.Code
		}
		all[i] = &one
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

// maxSentence bounds, in bytes, what is shown of an answer that is no JSON: a proxy's page is long.
const maxSentence = 300

// refused is an answer without GraphQL in it: of a proxy, of a bucket, or of a route that is not there.
func refused(r *http.Response, body []byte) *Error {
	text := strings.TrimSpace(string(body[:min(len(body), maxSentence)]))
	if text == "" || strings.HasPrefix(text, "<") {
		text = http.StatusText(r.StatusCode)
	}
	return &Error{Message: text, Status: r.StatusCode, RetryAfter: retryAfter(r.Header, time.Now())}
}

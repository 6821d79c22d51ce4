package stripe

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	stripego "github.com/stripe/stripe-go/v76"
)

const (
	// maxMessage is what a person still reads.
	maxMessage = 500
	// maxRetryAfter keeps a wrong header from putting work off for days.
	maxRetryAfter = 10 * time.Minute
)

// Error is an answer of the vendor that says no. Any other error leaves open what became of a write.
type Error struct {
	Status      int           // of HTTP
	Type        string        // invalid_request_error, card_error, idempotency_error, api_error
	Code        string        // resource_missing, card_declined, …; may be empty
	DeclineCode string        // why a bank said no; may be empty
	Param       string        // of the request, where one was wrong
	Message     string        // the vendor's sentence
	RequestID   string        // what the vendor's support asks for
	RetryAfter  time.Duration // how long the vendor wants to be left alone; 0 when it did not say
}

func (e *Error) Error() string {
	return fmt.Sprintf("stripe answered %d %s %s: %s", e.Status, e.Type, e.Code, e.Message)
}

// Refused says that the vendor surely did not do what was asked, and will not if asked again as it is.
func (e *Error) Refused() bool {
	return e.Status < http.StatusInternalServerError && !e.Temporary()
}

// NotFound says that there is no such thing, or not in the account and mode of our key.
func (e *Error) NotFound() bool {
	return e.Code == string(stripego.ErrorCodeResourceMissing) || e.Status == http.StatusNotFound
}

// RateLimited says that nothing was done because too much was asked.
func (e *Error) RateLimited() bool { return e.Status == http.StatusTooManyRequests }

// Temporary says that the same request under the same key may succeed later: the vendor was busy, broken,
// or at work on this very key. A 500 to a write is not made good by its own key: the vendor keeps it.
func (e *Error) Temporary() bool {
	return e.RateLimited() || e.Status == http.StatusConflict || e.Status >= http.StatusInternalServerError
}

// KeyReused says that the idempotency key was used before with other parameters.
func (e *Error) KeyReused() bool {
	return e.Type == string(stripego.ErrorTypeIdempotency) && e.Status != http.StatusConflict
}

// Declined says that a bank or the card refused to pay.
func (e *Error) Declined() bool { return e.Type == string(stripego.ErrorTypeCard) }

// NotFound is Error.NotFound of any error.
func NotFound(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.NotFound()
}

// Unsure says that a write may or may not have been done: look before it is done under a new key.
func Unsure(err error) bool {
	if err == nil || errors.Is(err, errNoKey) || errors.Is(err, errBadID) {
		return false
	}
	var e *Error
	return !errors.As(err, &e) || e.Status >= http.StatusInternalServerError || e.Status == http.StatusConflict
}

// told wraps an error of a call, with the vendor's refusal as *Error.
func (c *Client) told(doing string, err error) error {
	if err == nil {
		return nil
	}
	var said *stripego.Error
	if !errors.As(err, &said) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	e := &Error{
		Status: said.HTTPStatusCode, Type: string(said.Type), Code: string(said.Code), DeclineCode: string(said.DeclineCode),
		Param: said.Param, Message: c.clean(said.Msg), RequestID: said.RequestID,
	}
	if last := said.LastResponse; last != nil {
		e.RetryAfter = retryAfter(last.Header.Get("Retry-After"))
	}
	return fmt.Errorf("%s: %w", doing, e)
}

// clean makes a sentence of the vendor's fit to be shown: it quotes the key that it refuses, in part.
func (c *Client) clean(message string) string {
	if c.key != "" {
		message = strings.ReplaceAll(message, c.key, "[key]")
	}
	message = strings.ToValidUTF8(strings.ReplaceAll(message, "\x00", ""), "\uFFFD")
	if utf8.RuneCountInString(message) > maxMessage {
		message = string([]rune(message)[:maxMessage]) + "…"
	}
	return message
}

func retryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(header)
	if err != nil {
		return 0
	}
	return min(max(time.Duration(min(seconds, 1<<20))*time.Second, 0), maxRetryAfter)
}

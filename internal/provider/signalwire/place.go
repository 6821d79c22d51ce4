package signalwire

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// StatusEvent is a moment of a call of which the vendor tells.
type StatusEvent string

const (
	OnInitiated StatusEvent = "initiated"
	OnRinging   StatusEvent = "ringing"
	OnAnswered  StatusEvent = "answered"
	OnCompleted StatusEvent = "completed" // however it ended
)

// PlaceParams are a call that is asked for, in the vendor's terms.
type PlaceParams struct {
	To, From  string
	AnswerURL string // asked by POST for a document once somebody answers

	StatusURL    string
	StatusEvents []StatusEvent // none: completed only

	Record          bool // from the answer on, whatever the document says
	DualChannels    bool // each side on its own channel; else both on one
	RecordingURL    string
	RecordingEvents []RecordingStatus // none: completed only

	RingFor time.Duration // until it counts as not answered; 0: the vendor's minute
	// TimeLimit ends the call. The vendor documents it for Dial only; where it is not honoured here, the
	// document has to end the call.
	TimeLimit time.Duration
}

// Place has the vendor call a number. It has no idempotency key: after an error that is MaybeDone, the call
// may ring, and only Find can tell.
func (c *Client) Place(ctx context.Context, in PlaceParams) (Call, error) {
	answer, err := c.call(ctx, http.MethodPost, "/Calls.json", in.form())
	if err != nil {
		return Call{}, fmt.Errorf("placing a call at signalwire: %w", err)
	}
	placed, err := decodeCall(answer, "")
	if err != nil {
		return Call{}, fmt.Errorf("placing a call at signalwire: %w", err)
	}
	return placed, nil
}

func (p PlaceParams) form() url.Values {
	form := url.Values{
		"To": {p.To}, "From": {p.From}, "Url": {p.AnswerURL}, "Method": {http.MethodPost},
		// Asked for once only, one process of ours that dies over the answer would end the call.
		"FallbackUrl": {p.AnswerURL}, "FallbackMethod": {http.MethodPost},
	}
	if p.StatusURL != "" {
		form.Set("StatusCallback", p.StatusURL)
		form.Set("StatusCallbackMethod", http.MethodPost)
		for _, event := range p.StatusEvents {
			form.Add("StatusCallbackEvent", string(event))
		}
	}
	if p.Record {
		form.Set("Record", "true")
		form.Set("Trim", "do-not-trim") // trimmed, the words of a transcript would not stand where they were said
		if p.DualChannels {
			form.Set("RecordingChannels", "dual")
		}
	}
	if p.RecordingURL != "" {
		form.Set("RecordingStatusCallback", p.RecordingURL)
		form.Set("RecordingStatusCallbackMethod", http.MethodPost)
		if events := spaced(p.RecordingEvents); events != "" {
			form.Set("RecordingStatusCallbackEvent", events)
		}
	}
	if p.RingFor > 0 {
		form.Set("Timeout", seconds(p.RingFor))
	}
	if p.TimeLimit > 0 {
		form.Set("TimeLimit", seconds(p.TimeLimit))
	}
	return form
}

func spaced[T ~string](words []T) string {
	all := make([]string, len(words))
	for i, word := range words {
		all[i] = string(word)
	}
	return strings.Join(all, " ")
}

// seconds rounds up: a second too long does no harm, none at all would.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

package signalwire

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// CallStatus is the vendor's word for how far a call is.
type CallStatus string

const (
	Queued     CallStatus = "queued"
	Initiated  CallStatus = "initiated"
	Ringing    CallStatus = "ringing"
	InProgress CallStatus = "in-progress"
	Completed  CallStatus = "completed"
	Busy       CallStatus = "busy"
	NoAnswer   CallStatus = "no-answer"
	Canceled   CallStatus = "canceled"
	Failed     CallStatus = "failed"
)

// Over says that a call has ended, in whatever way.
func (s CallStatus) Over() bool {
	switch s {
	case Completed, Busy, NoAnswer, Canceled, Failed:
		return true
	}
	return false
}

// Direction is the vendor's word for who called.
type Direction string

const (
	Inbound      Direction = "inbound"
	Outbound     Direction = "outbound"      // as reads say
	OutboundAPI  Direction = "outbound-api"  // asked for by Place
	OutboundDial Direction = "outbound-dial" // by a document's Dial
)

// Call is a call as the vendor knows it. Times are zero where the vendor has none.
type Call struct {
	Sid        string
	ParentSid  string // of the call whose Dial made this one
	Status     CallStatus
	Direction  Direction
	From, To   string
	CreatedAt  time.Time
	StartedAt  time.Time // began, in the vendor's words: for some calls when it was answered
	EndedAt    time.Time
	Duration   time.Duration
	AnsweredBy string // human, machine, or empty
}

type wireCall struct {
	Sid        string `json:"sid"`
	ParentSid  string `json:"parent_call_sid"`
	Status     string `json:"status"`
	Direction  string `json:"direction"`
	From       string `json:"from"`
	To         string `json:"to"`
	Created    string `json:"date_created"`
	Started    string `json:"start_time"`
	Ended      string `json:"end_time"`
	Duration   number `json:"duration"`
	AnsweredBy string `json:"answered_by"`
}

func (w wireCall) call() (Call, error) {
	c := Call{
		Sid: w.Sid, ParentSid: w.ParentSid, Status: CallStatus(w.Status), Direction: Direction(w.Direction), From: w.From, To: w.To,
		Duration: w.Duration.seconds(), AnsweredBy: w.AnsweredBy,
	}
	if !sidPattern.MatchString(c.Sid) || c.Status == "" {
		return Call{}, errors.New("a call without an id or a status")
	}
	var errs [3]error
	c.CreatedAt, errs[0] = parseTime(w.Created)
	c.StartedAt, errs[1] = parseTime(w.Started)
	c.EndedAt, errs[2] = parseTime(w.Ended)
	return c, errors.Join(errs[:]...)
}

// decodeCall reads a call; sid is which one was asked for, empty for any.
func decodeCall(answer []byte, sid string) (Call, error) {
	var in wireCall
	if err := json.Unmarshal(answer, &in); err != nil {
		return Call{}, fmt.Errorf("decoding a signalwire call: %w", err)
	}
	call, err := in.call()
	if err == nil && sid != "" && call.Sid != sid {
		err = errors.New("the answer is about another call")
	}
	if err != nil {
		return Call{}, fmt.Errorf("reading a signalwire call: %w", err)
	}
	return call, nil
}

type callPage struct {
	Calls []Call
	Next  string
}

func decodeCalls(answer []byte) (callPage, error) {
	var in struct {
		Calls []wireCall `json:"calls"`
		Next  string     `json:"next_page_uri"`
	}
	if err := json.Unmarshal(answer, &in); err != nil {
		return callPage{}, err
	}
	if in.Calls == nil { // taken for an empty list, it would have a call placed twice
		return callPage{}, errors.New("it has no calls")
	}
	page := callPage{Next: in.Next}
	for _, wire := range in.Calls {
		call, err := wire.call()
		if err != nil {
			return callPage{}, err
		}
		page.Calls = append(page.Calls, call)
	}
	return page, nil
}

// parseTime reads RFC 2822, as the vendor writes it: September has four letters in its own examples.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := mail.ParseDate(strings.Replace(strings.Replace(s, "Sept ", "Sep ", 1), "Thur,", "Thu,", 1))
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the time %.60q: %w", s, err)
	}
	return t.UTC(), nil
}

// number is one that the vendor writes with or without quotes, or as null.
type number string

// UnmarshalJSON keeps the digits.
func (n *number) UnmarshalJSON(raw []byte) error {
	s := strings.Trim(string(raw), `"`)
	if s == "null" {
		s = ""
	}
	*n = number(s)
	return nil
}

// maxSeconds is longer than any call; a number above it is none.
const maxSeconds = 7 * 24 * 60 * 60

func (n number) seconds() time.Duration {
	s, err := strconv.ParseFloat(string(n), 64)
	if err != nil || s < 0 || s > maxSeconds {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}

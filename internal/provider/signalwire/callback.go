package signalwire

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"strconv"
	"time"
)

// maxCallback is many times what the longest callback has, with all its figures about packets.
const maxCallback = 64 << 10

// Callback is what the vendor tells of a call or a recording: by then it may be old, doubled or out of order.
type Callback struct {
	ProjectID string // AccountSid, in the vendor's words
	CallSid   string

	// Status is empty in a callback that is about a recording only.
	Status    CallStatus
	ParentSid string // of the call whose Dial made this one
	Direction Direction
	From, To  string
	Duration  time.Duration
	Sequence  int       // from 0; -1: not said
	At        time.Time // when it happened; zero: not said

	Recording *RecordingCallback // nil where there is none

	// Event is the name of an event of the vendor's other API, of which nothing else is read.
	Event string
}

// RecordingCallback is what a callback tells of a recording. There is no address in it: whoever has the
// vendor's hears the audio, so it is built from Sid where it is needed.
type RecordingCallback struct {
	Sid      string
	Status   RecordingStatus // empty in a callback about the call, which names its recording only
	Duration time.Duration
	Channels int
	Source   string
}

// ParseCallback reads a callback, a form or JSON.
func ParseCallback(contentType string, body []byte) (Callback, error) {
	if len(body) > maxCallback {
		return Callback{}, fmt.Errorf("a callback of %d bytes", len(body))
	}
	said, err := fields(contentType, body)
	if err != nil {
		return Callback{}, fmt.Errorf("decoding a callback: %w", err)
	}
	if event := said("event_type"); event != "" && said("CallSid") == "" {
		return Callback{Event: event}, nil
	}
	c := Callback{
		ProjectID: said("AccountSid"), CallSid: said("CallSid"), Status: CallStatus(said("CallStatus")), ParentSid: said("ParentCallSid"),
		Direction: Direction(said("Direction")), From: said("From"), To: said("To"),
		Duration: number(said("CallDuration")).seconds(), Sequence: sequence(said("SequenceNumber")),
	}
	c.At, _ = parseTime(said("Timestamp")) // without it, the time of its arrival has to do
	if sid := said("RecordingSid"); sid != "" {
		c.Recording = &RecordingCallback{
			Sid: sid, Status: RecordingStatus(said("RecordingStatus")), Duration: number(said("RecordingDuration")).seconds(),
			Channels: channels(said("RecordingChannels")), Source: said("RecordingSource"),
		}
		if c.Recording.Status != "" {
			c.Status = "" // some carry the call's as well, as it was when the recording began
		}
	}
	return c, c.check()
}

func (c Callback) check() error {
	switch {
	case !sidPattern.MatchString(c.CallSid):
		return fmt.Errorf("a callback about a call: %w", errBadSid)
	case c.ParentSid != "" && !sidPattern.MatchString(c.ParentSid):
		return fmt.Errorf("a callback with a parent: %w", errBadSid)
	case c.Recording != nil && !sidPattern.MatchString(c.Recording.Sid):
		return fmt.Errorf("a callback about a recording: %w", errBadSid)
	case c.Status == "" && c.Recording == nil:
		return errors.New("a callback without a status")
	}
	return nil
}

// fields reads a body into a look-up by name; a name that is sent twice counts once, as the first.
func fields(contentType string, body []byte) (func(string) string, error) {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind == formType {
		form, err := url.ParseQuery(string(body))
		return form.Get, err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return nil, errors.New("neither a form nor a JSON object")
	}
	return func(name string) string {
		raw := object[name]
		var text string
		if json.Unmarshal(raw, &text) == nil {
			return text
		}
		var n json.Number
		if json.Unmarshal(raw, &n) == nil {
			return n.String()
		}
		return ""
	}, nil
}

func sequence(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

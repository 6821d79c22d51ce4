package signalwire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// RecordingStatus is the vendor's word for how far a recording is.
type RecordingStatus string

const (
	RecordingInProgress RecordingStatus = "in-progress"
	RecordingPaused     RecordingStatus = "paused"
	RecordingStopped    RecordingStatus = "stopped"    // ended; reads say so where callbacks say completed
	RecordingProcessing RecordingStatus = "processing" // ended, the audio is not there yet
	RecordingCompleted  RecordingStatus = "completed"
	RecordingAbsent     RecordingStatus = "absent" // too short or silent: there is no audio, and never will be
	RecordingFailed     RecordingStatus = "failed"
	RecordingDeleted    RecordingStatus = "deleted"
)

// Recording is a recording as the vendor knows it.
type Recording struct {
	Sid       string
	CallSid   string
	Status    RecordingStatus
	Source    string // DialVerb, OutBoundApi, RecordVerb …
	Channels  int    // 0: not said
	Duration  time.Duration
	CreatedAt time.Time
	ErrorCode string
}

type wireRecording struct {
	Sid       string `json:"sid"`
	CallSid   string `json:"call_sid"`
	Status    string `json:"status"`
	Source    string `json:"source"`
	Channels  number `json:"channels"`
	Duration  number `json:"duration"`
	Created   string `json:"date_created"`
	ErrorCode number `json:"error_code"`
}

func (w wireRecording) recording() (Recording, error) {
	r := Recording{
		Sid: w.Sid, CallSid: w.CallSid, Status: RecordingStatus(w.Status), Source: w.Source,
		Channels: channels(string(w.Channels)), Duration: w.Duration.seconds(), ErrorCode: string(w.ErrorCode),
	}
	if !sidPattern.MatchString(r.Sid) || r.Status == "" {
		return Recording{}, errors.New("a recording without an id or a status")
	}
	var err error
	r.CreatedAt, err = parseTime(w.Created)
	return r, err
}

// channels is 0 for what is no number of channels.
func channels(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 2 {
		return 0
	}
	return n
}

// Recordings gives the recordings of a call.
func (c *Client) Recordings(ctx context.Context, callSid string) ([]Recording, error) {
	if !sidPattern.MatchString(callSid) {
		return nil, errBadSid
	}
	answer, err := c.call(ctx, http.MethodGet, "/Recordings.json?"+url.Values{"CallSid": {callSid}, "PageSize": {findPage}}.Encode(), nil)
	if err != nil {
		return nil, fmt.Errorf("listing the recordings of signalwire call %s: %w", callSid, err)
	}
	var in struct {
		Recordings []wireRecording `json:"recordings"`
	}
	if err = json.Unmarshal(answer, &in); err == nil && in.Recordings == nil {
		err = errors.New("it has no recordings")
	}
	all := make([]Recording, 0, len(in.Recordings))
	for _, wire := range in.Recordings {
		r, bad := wire.recording()
		err = errors.Join(err, bad)
		if r.CallSid == callSid { // a filter that is not honoured must not give us another call's
			all = append(all, r)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("reading signalwire's list of recordings: %w", err)
	}
	return all, nil
}

// Recording reads what the vendor knows of a recording.
func (c *Client) Recording(ctx context.Context, sid string) (Recording, error) {
	if !sidPattern.MatchString(sid) {
		return Recording{}, errBadSid
	}
	answer, err := c.call(ctx, http.MethodGet, "/Recordings/"+sid+".json", nil)
	if err != nil {
		return Recording{}, fmt.Errorf("reading signalwire recording %s: %w", sid, err)
	}
	var in wireRecording
	if err := json.Unmarshal(answer, &in); err != nil {
		return Recording{}, fmt.Errorf("decoding signalwire recording %s: %w", sid, err)
	}
	r, err := in.recording()
	if err == nil && r.Sid != sid {
		err = errors.New("the answer is about another recording")
	}
	if err != nil {
		return Recording{}, fmt.Errorf("reading signalwire recording %s: %w", sid, err)
	}
	return r, nil
}

// DeleteRecording has the vendor forget a recording and its audio. It may be repeated: one that is gone
// is deleted.
func (c *Client) DeleteRecording(ctx context.Context, sid string) error {
	if !sidPattern.MatchString(sid) {
		return errBadSid
	}
	_, err := c.call(ctx, http.MethodDelete, "/Recordings/"+sid+".json", nil)
	if err != nil && !NotFound(err) {
		return fmt.Errorf("deleting signalwire recording %s: %w", sid, err)
	}
	return nil
}

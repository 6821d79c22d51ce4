package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const watchRecordings = `subscription($id: ID!, $after: String) {
  organizationActivity(organizationId: $id, after: $after, types: [RECORDING_AVAILABLE, TRANSCRIPTION_STATUS_CHANGED]) {
    cursor type occurredAt
    subject { id }
  }
}`

const readCall = `query($id: ID!) {
  call(id: $id) {
    recordings { id status failure { message } }
    transcription { id }
  }
}`

// heard is one event of an organization.
type heard struct {
	Type       string
	OccurredAt time.Time
	Subject    *struct{ ID string }
}

// recordedCall is what has become of a call since it ended.
type recordedCall struct {
	Recordings    []callRecording
	Transcription *struct{ ID string }
}

type callRecording struct {
	ID, Status string
	Failure    *problem
}

// recordingWait is how long the audio of an ended call may take to be here: some ten tries of its copy.
const recordingWait = 5 * time.Minute

// transcriptionWait is how long a recording that is here may lie before its transcription begins: longer than
// the server pauses while an organization has as many under way as it may.
const transcriptionWait = 45 * time.Second

// errSeen ends a stream that has said all that was waited for.
var errSeen = errors.New("seen")

// awaitTranscription listens to the organization until a recording of the call is there and its transcription
// has begun, and gives that one's id. Error: *Error, also where nothing transcribes it.
func (c *Client) awaitTranscription(ctx context.Context, p Placed, step func(CallStep)) (id string, err error) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	patience, stored := time.AfterFunc(recordingWait, cancel), false
	defer patience.Stop()
	tell := func(s CallStep) {
		stored = true
		patience.Reset(transcriptionWait)
		step(s)
	}
	err = c.Subscribe(waiting, watchRecordings, map[string]any{"id": p.organization, "after": p.cursor}, func(data json.RawMessage) error {
		var event struct{ OrganizationActivity heard }
		if err := json.Unmarshal(data, &event); err != nil {
			return fmt.Errorf("decoding an event: %w", err)
		}
		call, err := c.readCall(waiting, p.ID)
		if err != nil {
			return err
		}
		id, err = call.tell(event.OrganizationActivity, tell)
		return err
	})
	switch {
	case errors.Is(err, errSeen):
		return id, nil
	case err == nil:
		err = errors.New("the stream ended before the recording was there")
	case waiting.Err() != nil && ctx.Err() == nil && stored:
		return "", &Error{Code: "NOT_TRANSCRIBED", Message: "The recording is there, and nothing transcribes it: so say the organization's settings, or its plan has no transcription left."}
	case waiting.Err() != nil && ctx.Err() == nil:
		err = fmt.Errorf("no transcription of its recording began within %s", recordingWait)
	}
	return "", fmt.Errorf("waiting for the recording: %w", err)
}

func (c *Client) readCall(ctx context.Context, id string) (recordedCall, error) {
	var out struct{ Call *recordedCall }
	if err := c.Do(ctx, readCall, map[string]any{"id": id}, &out); err != nil {
		return recordedCall{}, fmt.Errorf("reading the call: %w", err)
	}
	if out.Call == nil {
		return recordedCall{}, &Error{Code: "NOT_FOUND", Message: "The call is gone."}
	}
	return *out.Call, nil
}

// tell says what an event means for the call; of others it is silent.
func (r recordedCall) tell(event heard, step func(CallStep)) (transcription string, err error) {
	if event.Subject == nil {
		return "", nil
	}
	for _, recording := range r.Recordings {
		if recording.Failure != nil {
			return "", &Error{Code: "FAILED", Message: recording.Failure.Message}
		}
	}
	if event.Type == "RECORDING_AVAILABLE" {
		if i := slices.IndexFunc(r.Recordings, func(one callRecording) bool { return one.ID == event.Subject.ID }); i >= 0 {
			step(CallStep{"RECORDING", r.Recordings[i].Status, event.OccurredAt})
		}
		return "", nil
	}
	if r.Transcription != nil && r.Transcription.ID == event.Subject.ID {
		return event.Subject.ID, errSeen
	}
	return "", nil
}

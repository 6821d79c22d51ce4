package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Status is one step of a transcription, as it is told live.
type Status struct {
	TranscriptionID string
	Status          string // QUEUED, PROCESSING, COMPLETED, FAILED or CANCELED
	OccurredAt      time.Time
	Replayed        bool // it happened before we listened
}

const watchStatus = `subscription($id: ID!, $after: String) {
  transcriptionStatus(transcriptionId: $id, after: $after) {
    cursor status occurredAt replayed
    transcription { failure { code message } }
  }
}`

// statusEvent is what the subscription sends.
type statusEvent struct {
	TranscriptionStatus struct {
		Status        string
		OccurredAt    time.Time
		Replayed      bool
		Transcription struct {
			Failure *problem
		}
	}
}

// Follow tells each step, the present one first, and returns when the transcription is COMPLETED. each
// may be nil. Error: *Error, with the failure's code and sentence when it is FAILED.
func (c *Client) Follow(ctx context.Context, transcription string, each func(Status)) error {
	over := errors.New("the stream ended before the transcription did")
	err := c.Subscribe(ctx, watchStatus, map[string]any{"id": transcription}, func(data json.RawMessage) error {
		var event statusEvent
		if err := json.Unmarshal(data, &event); err != nil {
			return fmt.Errorf("decoding a status: %w", err)
		}
		s := event.TranscriptionStatus
		if each != nil {
			each(Status{transcription, s.Status, s.OccurredAt, s.Replayed})
		}
		over = outcome(s.Status, s.Transcription.Failure, over)
		return nil
	})
	if err != nil {
		return fmt.Errorf("following the transcription: %w", err)
	}
	return over
}

// outcome is what it means when the stream ends after this status.
func outcome(status string, failed *problem, early error) error {
	switch status {
	case "COMPLETED":
		return nil
	case "CANCELED":
		return &Error{Code: status, Message: "The transcription was canceled."}
	case "FAILED":
		if failed == nil { // somebody queued it again meanwhile
			return &Error{Code: status, Message: "The transcription failed, and was queued again."}
		}
		return &Error{Code: failed.Code, Message: failed.Message}
	}
	return early
}

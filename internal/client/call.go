package client

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// CallJob is one call to be placed.
type CallJob struct {
	Organization string         // id or slug; empty: the only one that the token's user belongs to
	To           string         // E.164
	Record       *bool          // nil: as the organization's settings say
	Step         func(CallStep) // may be nil
}

// CallStep is one line of a call's way from the first ring to the transcript, as it is told live.
type CallStep struct {
	What       string // CALL, RECORDING or TRANSCRIPTION
	Status     string
	OccurredAt time.Time
}

// Placed is a call that the server has taken on.
type Placed struct {
	ID           string
	organization string
	cursor       string // of the organization's activity, from before the call; empty when there was none
}

const streamHead = `query($id: ID!) { node(id: $id) { ... on Organization { activityCursor } } }`

const startCall = `mutation($input: CallStartInput!) {
  callStart(input: $input) {
    call { id }
    userErrors { code message path }
  }
}`

// Call places a call and follows it from ringing to its transcript. Error: *Error, also for a call that
// nobody answered. The transcript is empty for a call that is not recorded.
func (c *Client) Call(ctx context.Context, job CallJob) (Placed, Transcript, error) {
	if job.Step == nil {
		job.Step = func(CallStep) {}
	}
	placed, err := c.Place(ctx, job)
	if err != nil {
		return Placed{}, Transcript{}, err
	}
	recorded, err := c.FollowCall(ctx, placed, job.Step)
	if err != nil || !recorded {
		return placed, Transcript{}, err
	}
	id, err := c.awaitTranscription(ctx, placed, job.Step)
	if err != nil {
		return placed, Transcript{}, err
	}
	err = c.Follow(ctx, id, func(s Status) { job.Step(CallStep{"TRANSCRIPTION", s.Status, s.OccurredAt}) })
	if err != nil {
		return placed, Transcript{ID: id}, err
	}
	transcript, err := c.Transcript(ctx, id)
	return placed, transcript, err
}

// Place has the server place a call. The key makes a repeated request harmless: nobody's telephone rings twice.
func (c *Client) Place(ctx context.Context, job CallJob) (p Placed, err error) {
	if p.organization, err = c.organization(ctx, job.Organization); err != nil {
		return Placed{}, err
	}
	if p.cursor, err = c.streamHead(ctx, p.organization); err != nil {
		return Placed{}, err
	}
	var out struct {
		CallStart struct {
			Call       *struct{ ID string }
			UserErrors []problem
		}
	}
	input := map[string]any{"organizationId": p.organization, "to": job.To, "idempotencyKey": rand.Text()}
	if job.Record != nil {
		input["record"] = *job.Record
	}
	err = c.doSafely(ctx, startCall, map[string]any{"input": input}, &out)
	if err = errors.Join(err, failure(out.CallStart.UserErrors, Error{})); err != nil {
		return Placed{}, fmt.Errorf("placing the call: %w", err)
	}
	if out.CallStart.Call == nil {
		return Placed{}, errors.New("placing the call: the server began none and did not say why")
	}
	p.ID = out.CallStart.Call.ID
	return p, nil
}

// streamHead is where the organization's stream stands; what happens behind it is not missed.
func (c *Client) streamHead(ctx context.Context, organization string) (string, error) {
	var out struct {
		Node *struct{ ActivityCursor string }
	}
	if err := c.Do(ctx, streamHead, map[string]any{"id": organization}, &out); err != nil {
		return "", fmt.Errorf("asking for the last activity: %w", err)
	}
	if out.Node == nil {
		return "", &Error{Code: "NOT_FOUND", Message: "The organization is gone."}
	}
	return out.Node.ActivityCursor, nil
}

const watchCall = `subscription($id: ID!, $after: String) {
  callStatus(callId: $id, after: $after) {
    cursor status occurredAt
    call { recorded failure { code message } }
  }
}`

// FollowCall tells each status since the call was placed, and returns when the call is COMPLETED, with whether it is
// being recorded. Error: *Error, with the status as its code where it ended otherwise.
func (c *Client) FollowCall(ctx context.Context, p Placed, step func(CallStep)) (recorded bool, err error) {
	over := errors.New("the stream ended before the call did")
	err = c.Subscribe(ctx, watchCall, map[string]any{"id": p.ID, "after": p.cursor}, func(data json.RawMessage) error {
		var event struct {
			CallStatus struct {
				Status     string
				OccurredAt time.Time
				Call       struct { // empty when it is gone
					Recorded bool
					Failure  *problem
				}
			}
		}
		if err := json.Unmarshal(data, &event); err != nil {
			return fmt.Errorf("decoding a status: %w", err)
		}
		s := event.CallStatus
		step(CallStep{"CALL", s.Status, s.OccurredAt})
		over, recorded = callOutcome(s.Status, s.Call.Failure, over), s.Call.Recorded
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("following the call: %w", err)
	}
	return recorded, over
}

// callOutcome is what it means when the stream ends after this status.
func callOutcome(status string, failed *problem, early error) error {
	switch status {
	case "COMPLETED":
		return nil
	case "BUSY":
		return &Error{Code: status, Message: "The line was busy."}
	case "NO_ANSWER":
		return &Error{Code: status, Message: "Nobody answered."}
	case "CANCELED":
		return &Error{Code: status, Message: "The call was canceled before anybody answered."}
	case "FAILED":
		if failed == nil {
			return &Error{Code: status, Message: "The call failed."}
		}
		return &Error{Code: failed.Code, Message: failed.Message}
	}
	return early
}

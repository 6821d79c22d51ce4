package activity

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// written is an event as the statement for many reads it.
type written struct {
	OrganizationID uuid.UUID       `json:"organization_id"`
	ID             uuid.UUID       `json:"id"`
	Type           Type            `json:"type"`
	SubjectKind    ids.Kind        `json:"subject_kind"`
	SubjectID      uuid.UUID       `json:"subject_id"`
	Status         *string         `json:"status"`
	PreviousStatus *string         `json:"previous_status"`
	ActorKind      ActorKind       `json:"actor_kind"`
	ActorID        *uuid.UUID      `json:"actor_id"`
	ActorLabel     string          `json:"actor_label"`
	Audience       Audience        `json:"audience"`
	Detail         json.RawMessage `json:"detail"`
	Traceparent    *string         `json:"traceparent"`
}

// RecordAll is Record for many events, in their order and with one statement. It takes the lock of each of
// their organizations, so it stands last in the transaction.
func RecordAll(ctx context.Context, tx *postgres.Tx, list []Event) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]written, len(list))
	for i, e := range list {
		detail, err := encode(e.Detail)
		if err != nil {
			return err
		}
		rows[i] = written{
			OrganizationID: e.OrganizationID, ID: ids.New(ids.Activity).UUID, Type: e.Type, SubjectKind: e.Subject.Kind, SubjectID: e.Subject.UUID,
			Status: postgres.OrNull(e.Status), PreviousStatus: postgres.OrNull(e.PreviousStatus),
			ActorKind: e.Actor.Kind, ActorID: e.Actor.UserID, ActorLabel: e.Actor.Label,
			Audience: cmp.Or(e.Audience, Members), Detail: detail, Traceparent: postgres.OrNull(telemetry.Traceparent(ctx)),
		}
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encoding activity: %w", err)
	}
	if _, err := tx.RecordActivities(ctx, raw); err != nil {
		return fmt.Errorf("recording activity: %w", err)
	}
	for _, e := range list {
		if e.Audience != Audit { // nobody watches the audit log
			tx.WakeAfterCommit(e.OrganizationID, e.Subject.UUID)
		}
	}
	return nil
}

// audited is one sentence for what stands in the audit log only.
func (e Event) audited() string {
	switch e.Type {
	case RecordingPlayed:
		return "The audio of a recording was opened."
	case RecordingHoldChanged:
		if e.Status == "HELD" {
			return "A recording was put under legal hold."
		}
		return "A recording's legal hold was lifted."
	case WebhookResolved:
		if e.Status == "DISCARDED" {
			return "A provider's message was discarded."
		}
		return "A provider's message was enqueued again."
	}
	return string(e.Type)
}

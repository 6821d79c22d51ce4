// Package activity is what happened, written once: in the transaction that made it happen, numbered per
// organization in the order of the commits. Live subscriptions, the audit log and everything that
// follows along read it here, each after a cursor of its own.
package activity

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// Type says what happened.
type Type string

const (
	TranscriptionStatusChanged Type = "TRANSCRIPTION_STATUS_CHANGED"
	RecordingAvailable         Type = "RECORDING_AVAILABLE"
	RecordingDeleted           Type = "RECORDING_DELETED"
	OrganizationUpdated        Type = "ORGANIZATION_UPDATED"
	MemberChanged              Type = "MEMBER_CHANGED"
	WebhookFailed              Type = "WEBHOOK_FAILED"
	RecordingPlayed            Type = "RECORDING_PLAYED"
	RecordingHoldChanged       Type = "RECORDING_HOLD_CHANGED"
	WebhookResolved            Type = "WEBHOOK_RESOLVED"
	CallStatusChanged          Type = "CALL_STATUS_CHANGED"
	CallDispositionSet         Type = "CALL_DISPOSITION_SET"
	CallNoteAdded              Type = "CALL_NOTE_ADDED"
	BillingStatusChanged       Type = "BILLING_STATUS_CHANGED"
	BillingRequested           Type = "BILLING_REQUESTED"
	BillingAlert               Type = "BILLING_ALERT"
	BillingRepaired            Type = "BILLING_REPAIRED"
)

// Audience says who may read an event.
type Audience string

const (
	Members Audience = "MEMBERS" // every member, in the feed and live
	Audit   Audience = "AUDIT"   // admins, in the audit log
)

// ActorKind says what sort of actor did it.
type ActorKind string

const (
	Human  ActorKind = "HUMAN"
	System ActorKind = "SYSTEM"
	Model  ActorKind = "MODEL"
	Vendor ActorKind = "VENDOR"
)

// Actor is who did it. UserID is set for people only.
type Actor struct {
	Kind   ActorKind
	Label  string
	UserID *uuid.UUID
}

// Person is a member as an actor. The label is no name: names change, and the log is read by others.
func Person(user uuid.UUID) Actor { return Actor{Kind: Human, Label: "Member", UserID: &user} }

// Switchboard is this service as an actor.
func Switchboard() Actor { return Actor{Kind: System, Label: "Switchboard"} }

// Provider is a vendor as an actor.
func Provider(name string) Actor { return Actor{Kind: Vendor, Label: name} }

// Event is one thing that happened.
type Event struct {
	ID             ids.ID
	OrganizationID uuid.UUID
	Number         int64 // from 1, without a gap, in commit order within the organization
	Type           Type
	Subject        ids.ID // what it is about; the thing itself may be gone
	Status         string // for status changes: the new one
	PreviousStatus string // and the one before; empty at the beginning
	Actor          Actor
	Audience       Audience          // empty: Members
	Detail         map[string]string // what an audit wants to know beyond it; never a secret
	OccurredAt     time.Time
	traceparent    string // of the span that recorded it; empty where traces were off
}

// Cursor points behind this event, for both the list and the stream.
func (e Event) Cursor() string { return page.Encode(cursor{e.Number}) }

// Summary is one sentence for a feed.
func (e Event) Summary() string {
	switch e.Type {
	case TranscriptionStatusChanged:
		if e.PreviousStatus == "" {
			return "A transcription was queued."
		}
		return "A transcription went from " + e.PreviousStatus + " to " + e.Status + "."
	case CallStatusChanged:
		if e.PreviousStatus == "" {
			return "A call was asked for or came in."
		}
		return "A call went from " + e.PreviousStatus + " to " + e.Status + "."
	case CallDispositionSet:
		return "A call's disposition was set to " + e.Status + "."
	case CallNoteAdded:
		return "A note was written on a call."
	case RecordingAvailable:
		return "A recording is available."
	case RecordingDeleted:
		return "A recording was deleted."
	case OrganizationUpdated:
		return "The organization's settings were changed."
	case MemberChanged:
		return "A member was changed."
	case WebhookFailed:
		return "A provider's message could not be processed and was set aside."
	}
	if said := e.Type.summary(); said != "" {
		return said
	}
	return cmp.Or(e.billed(), e.audited())
}

type cursor struct {
	Number int64 `json:"n"`
}

// number reads a cursor; nil is the beginning of time.
func number(after *string) (int64, error) {
	if after == nil {
		return 0, nil
	}
	c := cursor{Number: -1} // which stays where what was decoded has none
	if err := page.Decode(*after, &c); err != nil {
		return 0, err
	}
	if c.Number < 0 { // 0 is where a stream stands on which nothing has happened yet
		return 0, fault.Invalid("after", "This is not a cursor that this list gave.")
	}
	return c.Number, nil
}

// Record writes an event in the transaction that it belongs to and wakes its readers after the commit.
// It takes the organization's lock, so it stands last in the transaction.
func Record(ctx context.Context, tx *postgres.Tx, e Event) error {
	detail, err := encode(e.Detail)
	if err != nil {
		return err
	}
	_, err = tx.RecordActivity(ctx, db.RecordActivityParams{
		OrganizationID: e.OrganizationID, ID: ids.New(ids.Activity).UUID, Type: string(e.Type),
		SubjectKind: string(e.Subject.Kind), SubjectID: e.Subject.UUID,
		Status: postgres.OrNull(e.Status), PreviousStatus: postgres.OrNull(e.PreviousStatus),
		ActorKind: string(e.Actor.Kind), ActorID: e.Actor.UserID, ActorLabel: e.Actor.Label,
		Audience: string(cmp.Or(e.Audience, Members)), Detail: detail,
		Traceparent: postgres.OrNull(telemetry.Traceparent(ctx)),
	})
	if err != nil {
		return fmt.Errorf("recording activity: %w", err)
	}
	tx.WakeAfterCommit(e.OrganizationID, e.Subject.UUID)
	return nil
}

func encode(detail map[string]string) ([]byte, error) {
	if len(detail) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(detail)
	if err != nil {
		return nil, fmt.Errorf("encoding the detail of an activity: %w", err)
	}
	return raw, nil
}

func decode(raw []byte) (detail map[string]string) {
	_ = json.Unmarshal(raw, &detail) // only encode writes it
	return detail
}

func fromRow(r *db.ActivityEvent) Event {
	return Event{
		ID: ids.Of(ids.Activity, r.ID), OrganizationID: r.OrganizationID, Number: r.Number, Type: Type(r.Type),
		Subject: ids.Of(ids.Kind(r.SubjectKind), r.SubjectID), Status: postgres.Text(r.Status), PreviousStatus: postgres.Text(r.PreviousStatus),
		Actor: Actor{Kind: ActorKind(r.ActorKind), Label: r.ActorLabel, UserID: r.ActorID}, OccurredAt: r.OccurredAt,
		Audience: Audience(r.Audience), Detail: decode(r.Detail),
		traceparent: postgres.Text(r.Traceparent),
	}
}

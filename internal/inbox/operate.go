package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Kept is an event as operators see it.
type Kept struct {
	ID             ids.ID
	Source         SourceName
	Type           string // the vendor's word
	ExternalID     *string
	OrganizationID *ids.ID // nil while nobody knows whose it is
	Subject        *ids.ID // what it was about; nil while nobody knows, and for operators
	Status         Status
	Attempts       int
	Error          *string         // of the last run that failed
	Note           *string         // of whoever discarded it
	ResolvedBy     *activity.Actor // who discarded it; nil for an operator of the service
	Size           int             // of the body
	ReceivedAt     time.Time
	QueuedAt       time.Time // last; later than ReceivedAt after a replay
	ProcessedAt    *time.Time
}

// Resolver is who discarded it; nobody where that was not a member, or is gone.
func (k Kept) Resolver() uuid.UUID {
	if k.ResolvedBy == nil || k.ResolvedBy.UserID == nil {
		return uuid.Nil
	}
	return *k.ResolvedBy.UserID
}

// Whole is an event with what was sent. The headers never held the secret.
type Whole struct {
	Kept
	Query   string
	Headers map[string][]string
	Body    []byte
}

// Filter narrows a list; zero values do not.
type Filter struct {
	Source SourceName
	Status Status
	Since  time.Time
	Limit  int
}

// maxList is more than a person reads, and what a script should ask for at once.
const maxList = 1000

// List gives the newest events, without their bodies. Error: Invalid.
func (in *Inbox) List(ctx context.Context, f Filter) ([]Kept, error) {
	if f.Limit < 1 || f.Limit > maxList {
		return nil, fault.Invalid("limit", "Ask for 1 to %d events, not %d.", maxList, f.Limit)
	}
	rows, err := in.store.ListWebhookEvents(ctx, db.ListWebhookEventsParams{
		Source: given(string(f.Source)), Status: given(string(f.Status)), Since: since(f.Since), Most: int32(f.Limit),
	})
	if err != nil {
		return nil, fmt.Errorf("listing events: %w", err)
	}
	list := make([]Kept, len(rows))
	for i, r := range rows {
		list[i] = Kept{
			ID: ids.Of(ids.Webhook, r.ID), Source: SourceName(r.Source), Type: r.Type, ExternalID: r.ExternalID, OrganizationID: organization(r.OrganizationID),
			Status: Status(r.Status), Attempts: int(r.Attempts), Error: r.Error, Note: r.Note, Size: int(r.Size),
			ReceivedAt: r.ReceivedAt, QueuedAt: r.QueuedAt, ProcessedAt: r.ProcessedAt,
		}
	}
	return list, nil
}

// Get gives one event with its body. Error: NotFound.
func (in *Inbox) Get(ctx context.Context, id ids.ID) (Whole, error) {
	r, err := in.store.GetWebhookEvent(ctx, id.UUID)
	if err != nil {
		return Whole{}, postgres.NotFound(err, "event")
	}
	whole := Whole{Query: r.Query, Body: r.Body, Kept: Kept{
		ID: ids.Of(ids.Webhook, r.ID), Source: SourceName(r.Source), Type: r.Type, ExternalID: r.ExternalID, OrganizationID: organization(r.OrganizationID),
		Status: Status(r.Status), Attempts: int(r.Attempts), Error: r.Error, Note: r.Note, ResolvedBy: resolver(r.ResolvedBy), Size: len(r.Body),
		ReceivedAt: r.ReceivedAt, QueuedAt: r.QueuedAt, ProcessedAt: r.ProcessedAt,
	}}
	if err := json.Unmarshal(r.Headers, &whole.Headers); err != nil {
		return Whole{}, fmt.Errorf("reading the headers: %w", err)
	}
	return whole, nil
}

// Replay enqueues an event anew, with all its tries. What is finished needs force: the room above takes a
// second knock as well as the first, but somebody should want it. Errors: NotFound, InvalidState.
func (in *Inbox) Replay(ctx context.Context, id ids.ID, force bool) error {
	return in.store.InTx(ctx, func(tx *postgres.Tx) error {
		if _, err := lock(ctx, tx, []uuid.UUID{id.UUID}, nil, force); err != nil {
			return err
		}
		return replay(ctx, tx, in.jobs, []uuid.UUID{id.UUID})
	})
}

// Discard finishes an event without processing it; a job that waits for it does nothing. Errors: NotFound,
// InvalidState for one that is finished, Invalid for a note that is empty or too long.
func (in *Inbox) Discard(ctx context.Context, id ids.ID, note string) error {
	if err := checkNote(note); err != nil {
		return err
	}
	return in.store.InTx(ctx, func(tx *postgres.Tx) error {
		if _, err := lock(ctx, tx, []uuid.UUID{id.UUID}, nil, false); err != nil {
			return err
		}
		return tx.DiscardWebhookEvents(ctx, db.DiscardWebhookEventsParams{Ids: []uuid.UUID{id.UUID}, Note: &note})
	})
}

func organization(id *uuid.UUID) *ids.ID {
	if id == nil {
		return nil
	}
	known := ids.Of(ids.Organization, *id)
	return &known
}

func resolver(user *uuid.UUID) *activity.Actor {
	if user == nil {
		return nil
	}
	actor := activity.Person(*user)
	return &actor
}

func given(word string) *string {
	if word == "" {
		return nil
	}
	return &word
}

func since(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

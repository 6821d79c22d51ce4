package inbox

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// Action is what is done with events that were not processed.
type Action string

const (
	Retry   Action = "RETRY"
	Discard Action = "DISCARD"
)

const (
	// maxNote is what the column takes.
	maxNote = 1000
	// maxResolved is a page of the list.
	maxResolved = 100
)

// ResolveInput says what is to be done with which events of one organization.
type ResolveInput struct {
	OrganizationID ids.ID
	IDs            []ids.ID
	Action         Action
	Note           *string // why; needed to discard
}

// Resolve retries or discards events, all of them or none, and writes that down in the audit log. Errors:
// NotFound, Forbidden below Admin, InvalidState when one is finished, Invalid.
func (s *Service) Resolve(ctx context.Context, viewer access.Viewer, in ResolveInput) ([]Kept, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Admin)
	if err != nil {
		return nil, err
	}
	wanted, note, err := in.check()
	if err != nil {
		return nil, err
	}
	err = s.store.InTx(ctx, func(tx *postgres.Tx) error {
		locked, err := lock(ctx, tx, wanted, &scope.OrganizationID, false)
		if err != nil {
			return err
		}
		if in.Action == Retry {
			err = replay(ctx, tx, s.jobs, locked)
		} else {
			err = tx.DiscardWebhookEvents(ctx, db.DiscardWebhookEventsParams{Ids: locked, Note: &note, ResolvedBy: &scope.UserID})
		}
		if err != nil {
			return fmt.Errorf("resolving events: %w", err)
		}
		return activity.RecordAll(ctx, tx, resolved(scope, locked, in.Action, note))
	})
	if err != nil {
		return nil, err
	}
	return s.inOrder(ctx, viewer, wanted)
}

func (in ResolveInput) check() (wanted []uuid.UUID, note string, err error) {
	if n := len(in.IDs); n == 0 || n > maxResolved {
		return nil, "", fault.Invalid("ids", "Name 1 to %d events, not %d.", maxResolved, n)
	}
	for _, id := range in.IDs {
		if !id.Is(ids.Webhook) {
			return nil, "", fault.NotFound("event")
		}
		wanted = append(wanted, id.UUID)
	}
	if in.Note != nil {
		note = *in.Note
	}
	if in.Action == Discard || note != "" {
		err = checkNote(note)
	}
	return wanted, note, err
}

func resolved(scope access.Scope, events []uuid.UUID, action Action, note string) []activity.Event {
	list := make([]activity.Event, len(events))
	for i, id := range events {
		list[i] = activity.Event{
			OrganizationID: scope.OrganizationID, Type: activity.WebhookResolved, Subject: ids.Of(ids.Webhook, id), Status: string(Received),
			Actor: activity.Person(scope.UserID), Audience: activity.Audit,
		}
		if action == Discard {
			list[i].Status = string(Discarded)
		}
		if note != "" {
			list[i].Detail = map[string]string{"note": note}
		}
	}
	return list
}

// lock holds events until the transaction ends and gives each id once. An organization sees its own only.
// Errors: NotFound, InvalidState for one that is finished unless that is forced.
func lock(ctx context.Context, tx *postgres.Tx, wanted []uuid.UUID, of *uuid.UUID, force bool) ([]uuid.UUID, error) {
	rows, err := tx.LockWebhookEvents(ctx, wanted, of)
	if err != nil {
		return nil, fmt.Errorf("locking events: %w", err)
	}
	found := make(map[uuid.UUID]bool, len(rows))
	locked := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		locked[i], found[row.ID] = row.ID, true
	}
	for _, id := range wanted {
		if !found[id] {
			return nil, fault.NotFound("event")
		}
	}
	for _, row := range rows {
		if Status(row.Status).finished() && !force {
			return nil, fault.InvalidState("Event %s is %s already.", ids.Of(ids.Webhook, row.ID), row.Status)
		}
	}
	return locked, nil
}

func replay(ctx context.Context, tx *postgres.Tx, queue *jobs.Queue, events []uuid.UUID) error {
	if err := tx.ReplayWebhookEvents(ctx, events); err != nil {
		return fmt.Errorf("resetting events: %w", err)
	}
	wanted := make([]jobs.Wanted, len(events))
	for i, id := range events {
		wanted[i] = jobs.Want(ctx, deliverArgs{EventID: id})
	}
	return queue.EnqueueAll(ctx, tx, wanted)
}

func checkNote(note string) error {
	if n := utf8.RuneCountInString(note); n == 0 || n > maxNote || storable(note) != note {
		return fault.Invalid("note", "Say why, in 1 to %d characters.", maxNote)
	}
	return nil
}

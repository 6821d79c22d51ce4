package inbox

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/jobs"
)

type deliverArgs struct {
	EventID uuid.UUID `json:"event_id"`
}

func (deliverArgs) Kind() string { return "inbox.deliver" }

// deliver hands a kept event to the room that knows what it means, and writes down how that went.
func (in *Inbox) deliver(ctx context.Context, job jobs.Job[deliverArgs]) error {
	row, err := in.store.GetWebhookEvent(ctx, job.Args.EventID)
	if err != nil {
		return fmt.Errorf("reading the event: %w", err)
	}
	if row.ProcessedAt != nil {
		return nil
	}
	source, ok := in.sources[strings.ToLower(row.Source)]
	if !ok {
		return jobs.GiveUp(fmt.Errorf("no room handles the source %s", row.Source))
	}
	matched, err := source.Handle(ctx, Event{
		ID: row.ID, Source: source.Name, Query: row.Query, Body: row.Body, ReceivedAt: row.ReceivedAt, Last: job.Last,
	})
	if jobs.Waits(err) {
		return err
	}
	if err != nil {
		why := storable(err.Error())
		failed := in.store.FailWebhookEvent(ctx, db.FailWebhookEventParams{ID: row.ID, Final: job.Last || jobs.GaveUp(err), Error: &why})
		if failed != nil {
			return fmt.Errorf("%w (and noting it: %w)", err, failed)
		}
		return err
	}
	var owner *uuid.UUID // stays unknown for what was nobody's
	if matched.OrganizationID != uuid.Nil {
		owner = &matched.OrganizationID
	}
	if err := in.store.FinishWebhookEvent(ctx, owner, row.ID); err != nil {
		return fmt.Errorf("finishing the event: %w", err)
	}
	return nil
}

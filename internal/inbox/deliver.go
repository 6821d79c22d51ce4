package inbox

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// noteTimeout is as long as a queue that stops waits for runs that it has canceled.
const noteTimeout = 2 * time.Second

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
		return in.fail(ctx, row.ID, found{}, true, jobs.GiveUp(fmt.Errorf("no room handles the source %s", row.Source)))
	}
	matched, err := hand(ctx, source, Event{
		ID: row.ID, Source: source.Name, Query: row.Query, Body: row.Body, ReceivedAt: row.ReceivedAt, Last: job.Last,
	})
	if jobs.Waits(err) {
		return err
	}
	what := matched.found()
	if err != nil {
		final := job.Last || jobs.GaveUp(err)
		in.ran(row, map[bool]Status{true: Failed, false: Retrying}[final])
		return in.fail(ctx, row.ID, what, final, err)
	}
	if err := in.store.FinishWebhookEvent(ctx, db.FinishWebhookEventParams{ID: row.ID, OrganizationID: what.owner, SubjectKind: what.kind, SubjectID: what.id}); err != nil {
		return fmt.Errorf("finishing the event: %w", err)
	}
	in.ran(row, Processed)
	return nil
}

// found is a Matched as the table takes it: what is nil stays as it is, for a later run may know less.
type found struct {
	owner, id *uuid.UUID
	kind      *string
}

func (m Matched) found() (f found) {
	if m.OrganizationID != uuid.Nil {
		f.owner = &m.OrganizationID
	}
	if m.Subject != (ids.ID{}) {
		kind := string(m.Subject.Kind)
		f.kind, f.id = &kind, &m.Subject.UUID
	}
	return f
}

// ran counts a run, and how long after the event was enqueued it ended.
func (in *Inbox) ran(row *db.WebhookEvent, outcome Status) {
	if in.handled != nil {
		in.handled(row.Source, strings.ToLower(string(outcome)), in.jobs.Now().Sub(row.QueuedAt))
	}
}

// hand lets the room do its work. A panic is an error like any other: else the event would look as if
// nobody had tried.
func hand(ctx context.Context, source Source, event Event) (matched Matched, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			slog.Error("handling a webhook panicked", "source", source.Name, "event", event.ID, "panic", cause, "trace", string(debug.Stack()))
			err = fmt.Errorf("panicked: %v", cause)
		}
	}()
	return source.Handle(ctx, event)
}

// fail writes down why a run failed, also when its time is over, and gives the error back. One that is given
// up is told to the organization whose it is, where that is known.
func (in *Inbox) fail(ctx context.Context, event uuid.UUID, what found, final bool, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	why := storable(err.Error())
	failed := in.store.InTx(ctx, func(tx *postgres.Tx) error {
		row, err := tx.FailWebhookEvent(ctx, db.FailWebhookEventParams{
			ID: event, OrganizationID: what.owner, SubjectKind: what.kind, SubjectID: what.id, Final: final, Error: &why,
		})
		if postgres.Missing(err) {
			return nil
		}
		if err != nil || row.Status != string(Failed) || row.OrganizationID == nil {
			return err
		}
		return activity.Record(ctx, tx, activity.Event{
			OrganizationID: *row.OrganizationID, Type: activity.WebhookFailed, Subject: ids.Of(ids.Webhook, event),
			Status: string(Failed), Actor: activity.Switchboard(),
		})
	})
	if failed != nil {
		return fmt.Errorf("%w (and noting it: %w)", err, failed)
	}
	return err
}

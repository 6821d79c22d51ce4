package main

import (
	"context"

	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// backlog is what waits in the database, for a scrape.
func (a *app) backlog(ctx context.Context, webhooks *inbox.Inbox) (telemetry.Backlog, error) {
	waiting, err := webhooks.Backlog(ctx)
	if err != nil {
		return telemetry.Backlog{}, err
	}
	depths, err := jobs.Depths(ctx, a.jobPool)
	if err != nil {
		return telemetry.Backlog{}, err
	}
	var found telemetry.Backlog
	for _, w := range waiting {
		found.Inbox = append(found.Inbox, telemetry.SourceBacklog{Source: string(w.Source), Lag: w.Lag, DeadLetters: w.DeadLetters})
	}
	for _, d := range depths {
		found.Jobs = append(found.Jobs, telemetry.JobCount(d))
	}
	return found, nil
}

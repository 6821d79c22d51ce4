package main

import (
	"context"

	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// onClosed gives the rooms above the organization their turn before the row goes.
func (a *app) onClosed(payments *billing.Worker, recordings *recording.Worker) {
	jobs.Handle(a.queue, jobs.Kind{Queue: jobs.Work, Attempts: jobs.ForAWeek}, func(ctx context.Context, job jobs.Job[identity.ClosedArgs]) error {
		if err := payments.Close(ctx, job.Args.OrganizationID, job.Attempt); err != nil {
			return err
		}
		if err := recordings.Vacate(ctx, a.queue, job.Args.OrganizationID); err != nil {
			return err
		}
		return a.people.Remove(ctx, job.Args)
	})
}

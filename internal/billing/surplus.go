package billing

import (
	"context"

	"github.com/switchboard-voice/switchboard/internal/jobs"
)

// endSurplus cancels a subscription beside another one. What was paid for it stays with Stripe until a person
// gives it back: giving back money is not for a program to decide.
func (w *Worker) endSurplus(ctx context.Context, job jobs.Job[surplusArgs]) error {
	return w.turns(ctx, job.Args.OrganizationID, func(ctx context.Context, t turn) error {
		v, err := w.look(ctx, t, "")
		if err != nil {
			return err
		}
		for _, s := range v.subscriptions {
			if s.ID != job.Args.Subscription || status(s.Status).over() || v.current().ID == s.ID {
				continue
			}
			if err := w.stop(ctx, "surplus", s.ID, job.Attempt); err != nil {
				return err
			}
		}
		_, err = w.refresh(ctx, t, wanted{})
		return err
	})
}

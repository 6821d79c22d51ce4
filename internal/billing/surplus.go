package billing

import (
	"context"
	"fmt"
	"strconv"

	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
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
			// Stripe keeps an error under its key: each try has its own. A second one finds nothing to cancel.
			_, err := w.stripe.CancelNow(ctx, "switchboard-surplus-"+s.ID+"-"+strconv.Itoa(job.Attempt), s.ID)
			if err != nil && !stripe.NotFound(err) {
				return fmt.Errorf("canceling a second subscription: %w", err)
			}
		}
		_, err = w.refresh(ctx, t, wanted{})
		return err
	})
}

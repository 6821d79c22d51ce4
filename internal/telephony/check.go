package telephony

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

// sweep looks for live calls of which nothing was heard for a while, and for calls whose recordings nobody asked
// for since they ended: a webhook that never came, a job that was lost.
func (w *Worker) sweep(ctx context.Context, _ jobs.Job[sweepArgs]) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		stuck, err := tx.ListStuckCalls(ctx, w.options.CheckAfter, sweepBatch)
		if err != nil {
			return fmt.Errorf("looking for stuck calls: %w", err)
		}
		for _, call := range stuck {
			if err := w.jobs.Enqueue(ctx, tx, checkArgs{CallID: call.ID}); err != nil {
				return err
			}
		}
		recorded, err := tx.ListUncollectedCalls(ctx, w.options.CheckAfter, sweepBatch)
		if err != nil {
			return fmt.Errorf("looking for recordings: %w", err)
		}
		for _, call := range recorded {
			if err := w.jobs.Enqueue(ctx, tx, collectArgs{CallID: call}); err != nil {
				return err
			}
		}
		return nil
	})
}

// check reads one of the provider's calls and brings it into ours.
func (w *Worker) check(ctx context.Context, job jobs.Job[checkArgs]) error {
	call, err := w.store.GetCallForWork(ctx, job.Args.CallID)
	if postgres.Missing(err) || err == nil && w.provider == nil {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the call: %w", err)
	}
	if sid := job.Args.ProviderID; sid != "" { // the provider named it with our id: it need not be known so far
		seen, err := w.provider.Get(ctx, sid)
		if err != nil {
			return w.wait(fmt.Errorf("asking the provider: %w", err))
		}
		if err := w.apply(ctx, call.ID, seen); err != nil || seen.Status.Over() || call.EndedAt == nil || time.Since(*call.EndedAt) > collectFor {
			return err
		}
		return jobs.Later(unfinishedPause) // a leg that outlives its call: no sweep looks at it again
	}
	if !Status(call.Status).Live() {
		return nil
	}
	if time.Since(call.CreatedAt) > oldest {
		return w.fail(ctx, call.ID, Failure{Code: "TIMED_OUT", Message: "The provider did not end the call within a day."})
	}
	leg, err := w.store.GetFirstCallLeg(ctx, call.ID)
	if postgres.Missing(err) { // it is not dialed, or not known to be
		return w.store.InTx(ctx, func(tx *postgres.Tx) error { return w.jobs.Enqueue(ctx, tx, placeArgs{CallID: call.ID}) })
	}
	if err != nil {
		return fmt.Errorf("reading the first leg: %w", err)
	}
	seen, err := w.provider.Get(ctx, leg.ProviderID)
	if signalwire.NotFound(err) && job.Last { // said once, it may be wrong, and the call that talks would be hung up
		return w.fail(ctx, call.ID, Failure{Code: "PROVIDER_LOST", Message: "The provider does not know this call any more."})
	}
	if err != nil {
		return w.wait(fmt.Errorf("asking the provider: %w", err))
	}
	return w.apply(ctx, call.ID, seen)
}

// hangup ends a call at the provider; that it is over, or unknown, is just as well.
func (w *Worker) hangup(ctx context.Context, job jobs.Job[hangupArgs]) error {
	if w.provider == nil {
		return nil
	}
	seen, err := w.provider.Hangup(ctx, job.Args.ProviderID)
	if signalwire.NotFound(err) {
		return nil
	}
	if err != nil {
		return w.wait(fmt.Errorf("hanging up: %w", err))
	}
	leg, err := w.store.GetCallLeg(ctx, job.Args.ProviderID)
	if postgres.Missing(err) { // a second ringing phone: it is no leg of ours
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the leg: %w", err)
	}
	return w.apply(ctx, leg.CallID, seen)
}

package billing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

const (
	// batch is how many organizations one run compares: at a second each it stays far below its time-out.
	batch = 50
	// patientTries of a batch take about a minute: longer than most outages of a provider.
	patientTries = 8
	// pages bounds how much of Stripe's list is read: 100,000 subscriptions.
	pages = 1000
	// pageSize is the largest that Stripe gives.
	pageSize = 100
)

// reconcileArgs is one step of a comparison: first our customers, then Stripe's subscriptions.
type reconcileArgs struct {
	ID     uuid.UUID `json:"id"`    // none: begin
	After  uuid.UUID `json:"after"` // the organization that was compared last
	Theirs bool      `json:"theirs"`
	Page   int       `json:"page"`
	Last   string    `json:"last"` // the subscription that was seen last
}

// Kind names the job.
func (reconcileArgs) Kind() string { return "billing.reconcile" }

// reconcile compares what we have with Stripe, a batch at a time, and corrects and reports what no webhook
// had told. Processes that start often do not begin it each time.
func (w *Worker) reconcile(ctx context.Context, job jobs.Job[reconcileArgs]) error {
	if w.stripe == nil {
		return nil
	}
	in := job.Args
	if in.ID == uuid.Nil {
		return w.beginComparison(ctx)
	}
	if in.Theirs {
		return w.compareTheirs(ctx, in, job.Attempt)
	}
	return w.compareOurs(ctx, in, job.Attempt)
}

// beginComparison makes the first step a job of its own: one that is tried again must not find that it has
// begun already.
func (w *Worker) beginComparison(ctx context.Context) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		id, err := tx.BeginBillingReconciliation(ctx, uuid.Must(uuid.NewV7()), w.every-w.every/5)
		if postgres.Missing(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("beginning a comparison: %w", err)
		}
		return w.jobs.Enqueue(ctx, tx, reconcileArgs{ID: id})
	})
}

func (w *Worker) compareOurs(ctx context.Context, in reconcileArgs, attempt int) error {
	list, err := w.store.ListBillingAccountsAfter(ctx, in.After, batch)
	if err != nil {
		return fmt.Errorf("listing customers: %w", err)
	}
	repaired := 0
	for _, organization := range list {
		changed, err := w.compare(ctx, organization)
		if err := w.setAside(ctx, organization, attempt, err); err != nil {
			return err
		}
		if changed {
			repaired++
		}
	}
	next := reconcileArgs{ID: in.ID, Theirs: len(list) < batch}
	if len(list) > 0 {
		next.After = list[len(list)-1]
	}
	return w.next(ctx, next, len(list), repaired)
}

// setAside lets an outage end first. What fails after that is this organization's own: it gets a job of its own, so
// that the others are compared all the same.
func (w *Worker) setAside(ctx context.Context, organization uuid.UUID, attempt int, err error) error {
	if err == nil {
		return nil
	}
	err = waits(fmt.Errorf("comparing %s with stripe: %w", organization, err))
	if attempt < patientTries || jobs.Waits(err) || ctx.Err() != nil {
		return err
	}
	slog.WarnContext(ctx, "an organization's billing cannot be compared", "organization", organization, "error", err)
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		return w.jobs.Enqueue(ctx, tx, lookArgs{OrganizationID: organization})
	})
}

// compare reads one organization. One that is being read already needs no comparison.
func (w *Worker) compare(ctx context.Context, organization uuid.UUID) (bool, error) {
	t, err := w.take(ctx, organization)
	if errors.Is(err, errBusy) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer w.end(ctx, t)
	ctx, cancel := context.WithTimeout(ctx, turnWork)
	defer cancel()
	done, err := w.refresh(ctx, t, wanted{repairing: true})
	if err != nil || len(done.corrected) == 0 {
		return false, err
	}
	w.repair()
	slog.WarnContext(ctx, "billing had missed something and was corrected", "organization", organization, "corrected", done.corrected)
	return true, nil
}

// compareTheirs looks for subscriptions at Stripe whose customer we do not know.
func (w *Worker) compareTheirs(ctx context.Context, in reconcileArgs, attempt int) error {
	list, more, err := w.stripe.SubscriptionPage(ctx, stripe.Page{Limit: pageSize, After: in.Last})
	if err != nil {
		return waits(err)
	}
	repaired := 0
	for _, s := range list {
		if status(s.Status).over() {
			continue
		}
		adopted, err := w.claim(ctx, s, attempt)
		if err != nil {
			return waits(err)
		}
		if adopted {
			repaired++
		}
	}
	if !more || len(list) == 0 || in.Page+1 >= pages {
		return w.finish(ctx, in.ID, len(list), repaired)
	}
	return w.next(ctx, reconcileArgs{ID: in.ID, Theirs: true, Page: in.Page + 1, Last: list[len(list)-1].ID}, len(list), repaired)
}

// claim finds whose a subscription is that we have no customer for. One of another product in the same
// account is left alone; one to a price of ours that is nobody's is said in the log.
func (w *Worker) claim(ctx context.Context, s stripe.Subscription, attempt int) (bool, error) {
	_, err := w.store.GetBillingCustomer(ctx, s.Customer)
	if err == nil {
		return false, nil
	}
	if !postgres.Missing(err) {
		return false, fmt.Errorf("looking for the customer: %w", err)
	}
	owner, err := w.owner(ctx, s.Customer)
	if errors.Is(err, errNobody) {
		if w.rules.tier(priceOf(s)) != nil {
			w.shout(ctx, incident{kind: Unclaimed, thing: s.ID})
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	changed, err := w.compare(ctx, owner)
	return changed, w.setAside(ctx, owner, attempt, err)
}

// next counts a batch and goes on in another job, so that each is short.
func (w *Worker) next(ctx context.Context, in reconcileArgs, checked, repaired int) error {
	return w.store.InTx(ctx, func(tx *postgres.Tx) error {
		if _, err := tx.AddToBillingReconciliation(ctx, counted(in.ID, checked, repaired, false)); err != nil {
			return fmt.Errorf("counting a comparison: %w", err)
		}
		return w.jobs.Enqueue(ctx, tx, in)
	})
}

func (w *Worker) finish(ctx context.Context, id uuid.UUID, checked, repaired int) error {
	sum, err := w.store.AddToBillingReconciliation(ctx, counted(id, checked, repaired, true))
	if err != nil {
		return fmt.Errorf("finishing a comparison: %w", err)
	}
	slog.InfoContext(ctx, "billing was compared with stripe", "checked", sum.Checked, "repaired", sum.Repaired)
	return nil
}

func counted(id uuid.UUID, checked, repaired int, finished bool) db.AddToBillingReconciliationParams {
	return db.AddToBillingReconciliationParams{ID: id, Checked: int32(checked), Repaired: int32(repaired), Finished: finished}
}

// newest says whether an invoice is one of those that every read brings. Half of a page leaves room for
// those that came at the same time.
func (w *Worker) newest(ctx context.Context, organization uuid.UUID, invoice string) (bool, error) {
	is, err := w.store.IsNewBillingInvoice(ctx, db.IsNewBillingInvoiceParams{OrganizationID: organization, StripeID: invoice, Most: invoicePage / 2})
	if err != nil {
		return false, fmt.Errorf("looking for an invoice: %w", err)
	}
	return is, nil
}

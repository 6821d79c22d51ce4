package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// Worker is the door for jobs and webhooks.
type Worker struct {
	desk
	secrets []string
	every   time.Duration
}

// WorkerDeps is what the worker needs besides.
type WorkerDeps struct {
	Deps
	Secrets []string      // that sign webhooks; two while they are changed
	Every   time.Duration // how often all is compared with Stripe
}

const (
	// busyPause is about how long a turn takes.
	busyPause = 300 * time.Millisecond
	// sweepEvery bounds how late members learn that the grace is over, and what a process left undone that died: with
	// turnLife before it, that must stay below 30 s.
	sweepEvery = 10 * time.Second
	// pricesEvery is how late a new amount is on the page with the plans. What is paid is never late.
	pricesEvery = time.Hour
	// reconcileTimeout is for one batch.
	reconcileTimeout = 5 * time.Minute
)

// NewWorker makes the worker and registers its jobs. Without Stripe there is little for them to do; they are
// registered all the same, as old ones may be in the queue.
func NewWorker(d WorkerDeps) *Worker {
	w := &Worker{desk: newDesk(d.Deps), secrets: d.Secrets, every: d.Every}
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Work, Once: true}, w.endSurplus)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Work}, w.lookAgain) // not once: one that runs may have looked already
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, w.sweep)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 3}, w.readPrices)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Upkeep, Once: true, Timeout: reconcileTimeout}, w.reconcile)
	d.Jobs.Every(sweepEvery, sweepArgs{}) // things are counted without Stripe too, and must not be kept for ever
	if d.Stripe != nil {
		d.Jobs.Every(pricesEvery, pricesArgs{})
		d.Jobs.Every(d.Every, reconcileArgs{})
	}
	return w
}

type sweepArgs struct{}

// Kind names the job.
func (sweepArgs) Kind() string { return "billing.sweep" }

type pricesArgs struct{}

// Kind names the job.
func (pricesArgs) Kind() string { return "billing.prices" }

type lookArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
}

// Kind names the job.
func (lookArgs) Kind() string { return "billing.look" }

// turns runs something in an organization's turn, or comes back when that is somebody else's. One that was
// removed meanwhile never has a turn: it is not waited for.
func (w *Worker) turns(ctx context.Context, organization uuid.UUID, do func(context.Context, turn) error) error {
	if w.stripe == nil { // an old job, of when there was one
		return nil
	}
	t, err := w.take(ctx, organization)
	if err == nil {
		defer w.end(ctx, t)
		err = w.work(ctx, t, do)
	}
	if !errors.Is(err, errBusy) {
		return waits(err)
	}
	if _, err := w.store.GetBillingAccount(ctx, organization); postgres.Missing(err) {
		return nil
	}
	return jobs.Later(busyPause)
}

// work ends with its turn.
func (w *Worker) work(ctx context.Context, t turn, do func(context.Context, turn) error) error {
	ctx, cancel := context.WithTimeout(ctx, turnWork)
	defer cancel()
	return do(ctx, t)
}

// waits turns Stripe's "busy" into the pause that it asked for.
func waits(err error) error {
	var said *stripe.Error
	if errors.As(err, &said) && said.RateLimited() {
		return jobs.Later(max(said.RetryAfter, time.Second))
	}
	return err
}

// lookAgain reads an organization's things for no other reason than that they may have changed.
func (w *Worker) lookAgain(ctx context.Context, job jobs.Job[lookArgs]) error {
	return w.turns(ctx, job.Args.OrganizationID, func(ctx context.Context, t turn) error {
		_, err := w.refresh(ctx, t, wanted{})
		return err
	})
}

// readPrices asks Stripe what the configured prices cost.
func (w *Worker) readPrices(ctx context.Context, _ jobs.Job[pricesArgs]) error {
	if w.stripe == nil {
		return nil
	}
	for _, sold := range w.rules.Prices {
		said, err := w.stripe.Price(ctx, sold.StripeID)
		if err != nil {
			return waits(fmt.Errorf("reading the price of %s %s: %w", sold.Tier, sold.Interval, err))
		}
		if err := w.store.UpsertBillingPrice(ctx, priceRow(said)); err != nil {
			return fmt.Errorf("storing a price: %w", err)
		}
	}
	return nil
}

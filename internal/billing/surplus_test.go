package billing

import (
	"testing"
	"time"

	"github.com/google/uuid"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/page"
)

// ends cancels a subscription that stands beside another, in a try of the job.
func (h *house) ends(subscription string, attempt int) error {
	return h.worker.endSurplus(h.t.Context(), jobs.Job[surplusArgs]{Attempt: attempt, Args: surplusArgs{OrganizationID: h.home.UUID, Subscription: subscription}})
}

const refunds = "SELECT count(*) FROM switchboard.activity_events WHERE type = 'BILLING_ALERT' AND status = 'second_refunded' AND detail->>'amount' = '199.00 USD'"

// soldTwice has Stripe sell a second subscription beside the first; both have been told.
func soldTwice(t *testing.T) (w *world, h *house, beside string) {
	t.Helper()
	w = newWorld(t)
	h = subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	w.Advance(time.Second)
	beside, err := w.Subscribe(h.customer(), businessMonth, 0)
	if err != nil {
		t.Fatal(err)
	}
	h.takesAll(w.knocks(t))
	return w, h, beside
}

func TestThePaymentOfASecondSubscriptionIsGivenBackOnceAndInTheAuditLog(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]fake.Faults{
		"at once": {}, "after a 500 that took effect": {On: "refunds.create", SpoilAfter: 1}, "after a cancellation that was lost": {On: "subscriptions.cancel", SpoilAfter: 1},
		"after a 500 that did not": {On: "refunds.create", Fail500: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, h, beside := soldTwice(t)
			w.SetFaults(faults)
			for attempt := 1; h.ends(beside, attempt) != nil && attempt < 5; attempt++ {
				w.Advance(time.Minute)
			}
			h.takesAll(w.knocks(t))
			refunded := 0
			for _, e := range w.Events() {
				if e.Type == "charge.refunded" {
					refunded++
				}
			}
			if refunded != 1 || h.plan() != Pro || len(w.Subscriptions()) != 1 {
				t.Errorf("%d refunds, the plan is %s, %d subscriptions live", refunded, h.plan(), len(w.Subscriptions()))
			}
			if told := h.told(SecondRefunded) + h.told(Refunded); h.number(refunds) != h.told(SecondRefunded) || told == 0 || faults.SpoilAfter == 0 && h.told(SecondRefunded) != 1 {
				t.Errorf("told %v", h.alerts)
			}
		})
	}
}

func TestWhatASecondSubscriptionWasPaidIsForAPersonWhenItIsNotClear(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*world, string) error{
		"it ran for a while":   func(w *world, _ string) error { w.Advance(surplusAge + time.Minute); return nil },
		"a person was at it":   func(w *world, bill string) error { return w.Refund(bill) },
		"its bank disputes it": func(w *world, bill string) error { return w.Dispute(bill) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, h, beside := soldTwice(t)
			var bill string
			if err := h.store.Pool().QueryRow(t.Context(), "SELECT stripe_id FROM switchboard.billing_invoices WHERE subscription_stripe_id = $1", beside).Scan(&bill); err != nil {
				t.Fatal(err)
			}
			if err := do(w, bill); err != nil {
				t.Fatal(err)
			}
			if err := h.ends(beside, 1); err != nil || len(w.Subscriptions()) != 1 {
				t.Errorf("%v, %d subscriptions live", err, len(w.Subscriptions()))
			}
			if h.told(SecondRefunded) != 0 || h.told(SecondSubscription) != 1 {
				t.Errorf("told %v", h.alerts)
			}
		})
	}
}

func TestAPriceOfOursWinsOverAnOlderOneThatNobodyKnows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.worker.rules.Prices[0].StripeID = "price_another" // Pro by the month is none of ours any more
	for _, k := range w.knocks(t) {
		_ = h.takes(k) // refused, which another test shows
	}
	w.Advance(time.Second)
	if _, err := w.Subscribe(h.customer(), businessMonth, 0); err != nil {
		t.Fatal(err)
	}
	h.takesAll(w.knocks(t)[len(w.knocks(t))-1:])
	if h.plan() != Business {
		t.Errorf("the plan is %s", h.plan())
	}
}

func TestATurnThatWasDroppedIsFoundByTheSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	if _, err := h.take(t.Context(), h.home.UUID); err != nil {
		t.Fatal(err)
	}
	looks := func() int {
		t.Helper()
		if err := h.worker.sweep(t.Context(), jobs.Job[sweepArgs]{}); err != nil {
			t.Fatal(err)
		}
		return h.number("SELECT count(*) FROM river.river_job WHERE kind = 'billing.look'")
	}
	if n := looks(); n != 0 {
		t.Errorf("%d look while somebody has the turn", n)
	}
	h.execute("UPDATE switchboard.billing_accounts SET turn_until = now() - interval '1 second'")
	if n := looks(); n != 1 {
		t.Errorf("%d look", n)
	}
	if err := h.worker.lookAgain(t.Context(), jobs.Job[lookArgs]{Args: lookArgs{OrganizationID: h.home.UUID}}); err != nil || h.plan() != Pro {
		t.Errorf("%v, the plan is %s", err, h.plan())
	}
	if n := looks(); n != 1 {
		t.Errorf("%d look, and the turn is ended", n)
	}
	if turnLife+sweepEvery >= 30*time.Second || turnWork >= turnLife {
		t.Error("who died is not found within 30 s")
	}
}

func TestAChangeCostsWhatItsPreviewSaidForAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	w.Advance(10 * 24 * time.Hour)
	wants := PreviewInput{OrganizationID: h.home, PriceID: priceID(Business, Month)}
	said, err := h.Preview(t.Context(), h.viewer, wants)
	if err != nil {
		t.Fatal(err)
	}
	in := ChangeInput{OrganizationID: h.home, PriceID: wants.PriceID, ProrationAt: said.ProrationAt, IdempotencyKey: uuid.NewString()}
	w.Advance(previewLife + time.Minute)
	if _, err := h.Change(t.Context(), h.viewer, in); err == nil || h.plan() != Pro {
		t.Errorf("an old preview is honored: %v, the plan is %s", err, h.plan())
	}
	if said, err = h.Preview(t.Context(), h.viewer, wants); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Change(t.Context(), h.viewer, in); err == nil {
		t.Error("an old preview is honored at the second try")
	}
	w.Advance(previewLife - time.Minute) // the price has changed meanwhile, the preview has not
	in.ProrationAt, in.IdempotencyKey = said.ProrationAt, uuid.NewString()
	if _, err := h.Change(t.Context(), h.viewer, in); err != nil {
		t.Fatal(err)
	}
	list, err := h.Invoices(t.Context(), h.viewer, h.home, page.Args{First: 1})
	if err != nil || list.Edges[0].Node.AmountPaid != said.AmountDue {
		t.Errorf("%v: paid %+v, the preview said %+v", err, list.Edges, said.AmountDue)
	}
	later := said.ProrationAt.Add(time.Hour)
	in.PriceID, in.ProrationAt, in.IdempotencyKey = priceID(Pro, Month), &later, uuid.NewString()
	if _, err := h.Change(t.Context(), h.viewer, in); err == nil {
		t.Error("a time that no preview said is taken")
	}
}

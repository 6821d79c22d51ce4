package billing

import (
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

func TestTheCardThatACheckoutWasPaidWithIsTheDefaultAndStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	list, err := h.PaymentMethods(t.Context(), h.viewer, h.home)
	if err != nil || len(list) != 1 || !list[0].IsDefault {
		t.Fatalf("%+v, %v", list, err)
	}
	if _, err := h.Detach(t.Context(), h.viewer, list[0].ID); !fault.Is(err, fault.CodeInvalidState) {
		t.Errorf("the card of a subscription was taken away: %v", err)
	}
}

func TestANewDefaultIsWhatTheSubscriptionIsPaidWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	old, err := h.PaymentMethods(t.Context(), h.viewer, h.home)
	if err != nil || len(old) != 1 {
		t.Fatalf("%+v, %v", old, err)
	}
	if _, err := h.Cancel(t.Context(), h.viewer, h.home, false); err != nil {
		t.Fatal(err)
	}
	if err := w.Pay(h.checkout(Business, "second")); err != nil { // with another card
		t.Fatal(err)
	}
	h.takesAll(w.knocks(t))
	if made, err := h.SetDefault(t.Context(), h.viewer, old[0].ID); err != nil || !made.IsDefault {
		t.Fatalf("%+v, %v", made, err)
	}
	paying, err := h.vendor.Subscription(t.Context(), w.Subscriptions()[0])
	if err != nil || ours(paying.DefaultPaymentMethod) != old[0].ID.UUID {
		t.Errorf("it is paid with %s: %v", paying.DefaultPaymentMethod, err)
	}
}

func TestAKeyOfAnotherAccountEndsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	right := h.worker.stripe
	h.worker.stripe = stripe.New(stripe.Config{BaseURL: newWorld(t).url, Key: vendorKey})
	look := func() error {
		return h.worker.lookAgain(t.Context(), jobs.Job[lookArgs]{Args: lookArgs{OrganizationID: h.home.UUID}})
	}
	if err := look(); err == nil {
		t.Error("nobody is told")
	}
	if h.plan() != Pro || h.told(CustomerDeleted) != 0 {
		t.Errorf("the plan is %s", h.plan())
	}
	h.worker.stripe = right
	if err := look(); err != nil || h.plan() != Pro {
		t.Errorf("with the right key again: %v, the plan is %s", err, h.plan())
	}
}

func TestWhatADeletedCustomerLeftLivingIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	h.execute("UPDATE switchboard.billing_customers SET deleted_at = now()") // told before the end of the subscription was
	if err := w.Cancel(w.Subscriptions()[0]); err != nil {
		t.Fatal(err)
	}
	h.takesAll(w.knocks(t))
	if h.plan() != Free {
		t.Errorf("the plan is %s, and nobody pays", h.plan())
	}
}

func TestASubscriptionThatWasMovedToAnUnknownPriceIsRefusedAgainAndAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	h.worker.rules.Prices[0].StripeID = "price_another"
	w.Advance(31 * 24 * time.Hour)
	all := w.knocks(t)
	last := all[len(all)-1]
	for range 2 { // a second try must not pass for done
		if err := h.takes(last); err == nil {
			t.Error("nobody is told")
		}
	}
	h.worker.rules.Prices[2].StripeID = proMonth // it is worth another plan from now on
	if err := h.takes(last); err != nil || h.plan() != Business {
		t.Errorf("replayed once the price is known: %v, the plan is %s", err, h.plan())
	}
}

func TestACancellationThatWasTakenBackAndIsAskedForAgainReachesStripe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	if _, err := h.Cancel(t.Context(), h.viewer, h.home, true); err != nil {
		t.Fatal(err)
	}
	h.execute("UPDATE switchboard.billing_operations SET done_at = NULL WHERE kind = 'CANCEL'") // killed before it was noted as done
	if _, err := h.Resume(t.Context(), h.viewer, h.home); err != nil {
		t.Fatal(err)
	}
	if s, err := h.Cancel(t.Context(), h.viewer, h.home, true); err != nil || !s.CancelAtPeriodEnd {
		t.Errorf("Stripe repeated its old answer: %+v, %v", s, err)
	}
}

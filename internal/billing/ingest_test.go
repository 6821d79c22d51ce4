package billing

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/access"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/page"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// subscribed is a house with a subscription that is paid.
func subscribed(t *testing.T, w *world, tier Tier, change ...func(*Rules)) *house {
	t.Helper()
	h := open(t, w, ids.New(ids.Organization), change...)
	if err := w.Pay(h.checkout(tier, "first")); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestAnUnknownPriceIsLoudAndTakesNothingAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	for i, sold := range h.worker.rules.Prices { // the operator changes the configuration
		if sold.StripeID == proMonth {
			h.worker.rules.Prices[i].StripeID = "price_another"
		}
	}
	w.Advance(31 * 24 * time.Hour)
	all := w.knocks(t)
	var refusals int
	for _, k := range all {
		if err := h.takes(k); err != nil && strings.Contains(err.Error(), "STRIPE_PRICE_") {
			refusals++
		}
	}
	if refusals == 0 || h.told(UnknownPrice) != 1 || h.plan() != Pro {
		t.Errorf("%d webhooks were refused, told %d times, the plan is %s", refusals, h.told(UnknownPrice), h.plan())
	}
}

func TestANewSubscriptionToAnUnknownPriceWaitsForTheOperatorAndIsHealedByTheSameWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	sold := h.worker.rules.Prices[0]
	h.worker.rules.Prices[0].StripeID = "price_another"
	all := w.knocks(t)
	if err := h.takes(all[len(all)-1]); err == nil || h.told(UnknownPrice) != 1 {
		t.Errorf("nobody was told: %v", err)
	}
	h.worker.rules.Prices[0] = sold
	if err := h.takes(all[len(all)-1]); err != nil || h.plan() != Pro {
		t.Errorf("replayed: %v, the plan is %s", err, h.plan())
	}
}

func TestPastDueKeepsThePlanForTheGraceAndThenHasFreeLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	if err := w.Bank(h.customer(), true, false); err != nil {
		t.Fatal(err)
	}
	w.Advance(31 * 24 * time.Hour)
	h.takesAll(w.knocks(t))
	a, err := h.Get(t.Context(), h.viewer, h.home)
	if err != nil || a.Plan.Tier != Pro || a.Subscription.Status != PastDue || a.GraceEndsAt == nil {
		t.Fatalf("while past due: %+v, %v", a, err)
	}
	if h.told(PaymentMissed) != 1 {
		t.Errorf("told %d times", h.told(PaymentMissed))
	}
	h.later(61 * time.Minute)
	if h.plan() != Free {
		t.Errorf("after the grace: %s", h.plan())
	}
	h.run()
	told := `SELECT count(*) FROM switchboard.activity_events WHERE type = 'BILLING_STATUS_CHANGED' AND audience = 'MEMBERS' AND detail->>'plan' = 'FREE'`
	eventually(t, "the members are told", func() bool { return h.number(told) == 1 })
	if err := w.Bank(h.customer(), false, false); err != nil {
		t.Fatal(err)
	}
	w.Advance(5 * 24 * time.Hour)
	h.takesAll(w.knocks(t))
	if a, err := h.Get(t.Context(), h.viewer, h.home); err != nil || a.Plan.Tier != Pro || a.GraceEndsAt != nil {
		t.Errorf("after it was paid: %+v, %v", a, err)
	}
}

func TestADeletedCustomerIsFreeAndTheNextCheckoutMakesAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	first := h.customer()
	if err := w.DeleteCustomer(first); err != nil {
		t.Fatal(err)
	}
	h.takesAll(w.knocks(t))
	if h.plan() != Free || h.told(CustomerDeleted) != 1 || h.number("SELECT count(*) FROM switchboard.billing_payment_methods") != 0 {
		t.Errorf("the plan is %s, told %d times", h.plan(), h.told(CustomerDeleted))
	}
	if err := w.Pay(h.checkout(Business, "second")); err != nil {
		t.Fatal(err)
	}
	h.takesAll(w.knocks(t))
	if h.plan() != Business || h.customer() == first {
		t.Errorf("the plan is %s, the customer %s", h.plan(), h.customer())
	}
}

func TestWhatNoWebhookToldIsFoundAndReportedByTheComparison(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: true}})
	h := subscribed(t, w, Business)
	if h.plan() != Free {
		t.Fatalf("nothing has told, and the plan is %s", h.plan())
	}
	h.run()
	eventually(t, "the comparison is over", func() bool {
		return h.number("SELECT count(*) FROM switchboard.billing_reconciliations WHERE finished_at IS NOT NULL AND repaired = 1") == 1
	})
	if h.plan() != Business || h.repairs != 1 {
		t.Errorf("the plan is %s, repaired %d", h.plan(), h.repairs)
	}
	if n := h.number("SELECT count(*) FROM switchboard.activity_events WHERE type = 'BILLING_REPAIRED' AND audience = 'AUDIT'"); n != 1 {
		t.Errorf("%d lines in the audit log", n)
	}
	eventually(t, "the prices are read", func() bool { return h.number("SELECT count(*) FROM switchboard.billing_prices") == 4 })
}

func TestACheckoutWhoseWebhookWasLostIsFoundWithinMinutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: true}})
	h := subscribed(t, w, Pro)
	look := func() int {
		t.Helper()
		if err := h.worker.sweep(t.Context(), jobs.Job[sweepArgs]{}); err != nil {
			t.Fatal(err)
		}
		return h.number("SELECT count(*) FROM river.river_job WHERE kind = 'billing.look'")
	}
	if look() != 0 {
		t.Error("asked before a webhook could be there")
	}
	h.execute("UPDATE switchboard.billing_operations SET created_at = now() - interval '2 minutes'")
	if look() != 1 || look() != 1 {
		t.Error("the checkout was not found, or more than once")
	}
	if err := h.worker.lookAgain(t.Context(), jobs.Job[lookArgs]{Args: lookArgs{OrganizationID: h.home.UUID}}); err != nil || h.plan() != Pro {
		t.Errorf("the plan is %s, %v", h.plan(), err)
	}
}

func TestDisputesAndRefundsAreToldOnceEach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	list, err := h.Invoices(t.Context(), h.viewer, h.home, page.Args{First: 10})
	if err != nil || len(list.Edges) != 1 {
		t.Fatalf("%d invoices, %v", len(list.Edges), err)
	}
	var bill string
	if err := h.store.Pool().QueryRow(t.Context(), "SELECT stripe_id FROM switchboard.billing_invoices").Scan(&bill); err != nil {
		t.Fatal(err)
	}
	if err := w.Refund(bill); err != nil {
		t.Fatal(err)
	}
	h.takesAll(w.knocks(t))
	h.takesAll(w.knocks(t))
	if h.told(Refunded) != 1 {
		t.Errorf("a refund was told %d times", h.told(Refunded))
	}
	other := subscribed(t, w, Pro)
	other.takesAll(w.knocks(t)[len(w.knocks(t))-1:])
	if err := other.store.Pool().QueryRow(t.Context(), "SELECT stripe_id FROM switchboard.billing_invoices").Scan(&bill); err != nil {
		t.Fatal(err)
	}
	before := len(w.knocks(t))
	if err := w.Dispute(bill); err != nil {
		t.Fatal(err)
	}
	other.takesAll(w.knocks(t)[before:])
	other.takesAll(w.knocks(t)[before:])
	if other.told(Disputed) != 1 {
		t.Errorf("a dispute was told %d times", other.told(Disputed))
	}
}

func TestAStrangersSubscriptionEndsWithTheDeadLettersAndTheirCardDoesNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h, other := open(t, w, ids.New(ids.Organization)), subscribed(t, w, Pro) // of an organization that this database does not have
	_ = other
	dead := 0
	for _, k := range w.knocks(t) {
		k.ReceivedAt = k.ReceivedAt.Add(-2 * earlyFor)
		owner, err := h.worker.Ingest(t.Context(), k)
		switch {
		case jobs.GaveUp(err):
			dead++
		case err != nil || owner != [16]byte{}:
			t.Errorf("%.100s: %v, %v", k.Body, owner, err)
		}
	}
	if dead == 0 || dead == len(w.knocks(t)) {
		t.Errorf("%d of %d are dead letters", dead, len(w.knocks(t)))
	}
}

func TestOnlyWhatStripeSignedIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	k, head := w.knocks(t)[0], w.heads[0]
	read := func(header string, body []byte) error {
		_, err := h.worker.Event(&http.Request{Header: http.Header{SignatureHeader: {header}}}, body)
		return err
	}
	if err := read(head, k.Body); err != nil {
		t.Error(err)
	}
	if read("", k.Body) == nil || read(head, append([]byte(" "), k.Body...)) == nil || read(strings.Replace(head, "v1=", "v1=0", 1), k.Body) == nil {
		t.Error("what is not signed was taken")
	}
}

func TestPlanChangesWithAPreviewAndADeclinedOneChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	cost, err := h.Preview(t.Context(), h.viewer, PreviewInput{OrganizationID: h.home, PriceID: priceID(Business, Month)})
	if err != nil || cost.AmountDue.Currency() != "USD" || strings.HasPrefix(cost.AmountDue.Amount(), "0") {
		t.Fatalf("%+v, %v", cost, err)
	}
	wants := ChangeInput{OrganizationID: h.home, PriceID: priceID(Business, Month), IdempotencyKey: "up"}
	if err := w.Bank(h.customer(), true, false); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Change(t.Context(), h.viewer, wants); !fault.Is(err, fault.CodeInvalidState) || h.plan() != Pro {
		t.Errorf("declined: %v, the plan is %s", err, h.plan())
	}
	if err := w.Bank(h.customer(), false, false); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if s, err := h.Change(t.Context(), h.viewer, wants); err != nil || s.Plan.Tier != Business || h.plan() != Business {
			t.Errorf("the same key, with a card that pays: %+v, %v", s, err)
		}
	}
	before := h.number("SELECT count(*) FROM switchboard.billing_invoices")
	w.SetFaults(fake.Faults{On: "subscriptions.update", SpoilAfter: 1})
	wants.PriceID, wants.IdempotencyKey = priceID(Pro, Month), "down"
	if s, err := h.Change(t.Context(), h.viewer, wants); err != nil || s.Plan.Tier != Pro {
		t.Errorf("answered 500 after it took effect: %+v, %v", s, err)
	}
	if n := h.number("SELECT count(*) FROM switchboard.billing_invoices"); n > before+1 {
		t.Errorf("%d invoices for one change", n-before)
	}
}

func TestCancelAndResumeAndCancelAgainAllReachStripe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	for range 2 {
		if s, err := h.Cancel(t.Context(), h.viewer, h.home, true); err != nil || !s.CancelAtPeriodEnd || h.plan() != Pro {
			t.Errorf("canceled: %+v, %v", s, err)
		}
		if s, err := h.Resume(t.Context(), h.viewer, h.home); err != nil || s.CancelAtPeriodEnd {
			t.Errorf("resumed: %+v, %v", s, err)
		}
	}
	if s, err := h.Cancel(t.Context(), h.viewer, h.home, false); err != nil || s.Status != Canceled || h.plan() != Free {
		t.Errorf("canceled at once: %+v, %v", s, err)
	}
	if _, err := h.Resume(t.Context(), h.viewer, h.home); !fault.Is(err, fault.CodeInvalidState) {
		t.Errorf("what is over was resumed: %v", err)
	}
	if n := h.number("SELECT count(*) FROM switchboard.activity_events WHERE type = 'BILLING_REQUESTED' AND status IN ('CANCEL', 'RESUME', 'CANCEL_NOW')"); n != 5 {
		t.Errorf("%d requests in the audit log", n)
	}
}

func TestThePaymentMethodOfASubscriptionStaysUntilAnotherIsTheDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	list, err := h.PaymentMethods(t.Context(), h.viewer, h.home)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d payment methods, %v", len(list), err)
	}
	made, err := h.SetDefault(t.Context(), h.viewer, list[0].ID)
	if err != nil || !made.IsDefault {
		t.Fatalf("%+v, %v", made, err)
	}
	if _, err := h.Detach(t.Context(), h.viewer, list[0].ID); !fault.Is(err, fault.CodeInvalidState) {
		t.Errorf("the card of a subscription was taken away: %v", err)
	}
	if _, err := h.Cancel(t.Context(), h.viewer, h.home, false); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Detach(t.Context(), h.viewer, list[0].ID); err != nil {
		t.Error(err)
	}
	if list, err := h.PaymentMethods(t.Context(), h.viewer, h.home); err != nil || len(list) != 0 {
		t.Errorf("%d are left, %v", len(list), err)
	}
	stranger := h.viewer
	stranger.Memberships = []access.Membership{{OrganizationID: ids.New(ids.Organization).UUID, Role: access.Owner}}
	if _, err := h.Detach(t.Context(), stranger, list[0].ID); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("a stranger: %v", err)
	}
}

func TestWithoutStripeNothingIsSoldAndEverybodyIsOnTheNamedPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := open(t, w, ids.New(ids.Organization), func(r *Rules) { r.Fixed, r.Prices = Business, nil })
	h.Service.stripe = (*stripe.Client)(nil)
	if h.plan() != Business {
		t.Errorf("the plan is %s", h.plan())
	}
	if _, err := h.Cancel(t.Context(), h.viewer, h.home, true); !fault.Is(err, fault.CodeInvalidState) {
		t.Errorf("canceled what is not: %v", err)
	}
	if _, err := h.Portal(t.Context(), h.viewer, PortalInput{OrganizationID: h.home, ReturnPath: "/"}); !fault.Is(err, fault.CodeInvalidState) {
		t.Errorf("a portal: %v", err)
	}
}

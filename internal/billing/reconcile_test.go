package billing

import (
	"testing"

	"github.com/google/uuid"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// byHand sells a subscription past all our doors.
func (h *house) byHand(w *world, metadata map[string]string, price string) {
	h.t.Helper()
	customer, err := h.vendor.EnsureCustomer(h.t.Context(), "by-hand", stripe.NewCustomer{Metadata: metadata})
	if err != nil {
		h.t.Fatal(err)
	}
	page, err := h.vendor.Checkout(h.t.Context(), "by-hand-page", stripe.NewSession{Customer: customer.ID, Price: price, SuccessURL: "https://a.example.com", CancelURL: "https://a.example.com"})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := w.Pay(page.ID); err != nil {
		h.t.Fatal(err)
	}
}

const compared = "SELECT count(*) FROM switchboard.billing_reconciliations WHERE finished_at IS NOT NULL AND repaired = "

func TestACustomerMadeByHandIsFoundByWhatItsMetadataSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: true}})
	h := open(t, w, ids.New(ids.Organization))
	h.byHand(w, map[string]string{ownerField: h.home.UUID.String()}, businessMonth)
	h.run()
	eventually(t, "the comparison is over", func() bool { return h.number(compared+"1") == 1 })
	if h.plan() != Business || h.told(Unclaimed) != 0 {
		t.Errorf("the plan is %s", h.plan())
	}
}

func TestASubscriptionThatIsNobodysIsToldIfItIsToAPriceOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: true}})
	h := open(t, w, ids.New(ids.Organization), func(r *Rules) { r.Prices = r.Prices[:1] })
	h.byHand(w, nil, businessMonth) // of another product in the same account
	h.run()
	eventually(t, "the comparison is over", func() bool { return h.number(compared+"0") == 1 })
	if h.told(Unclaimed) != 0 {
		t.Error("what is nothing to us was told")
	}
	other := open(t, w, ids.New(ids.Organization))
	other.run()
	eventually(t, "the comparison is over", func() bool { return other.number(compared+"0") == 1 })
	if other.told(Unclaimed) != 1 || other.plan() != Free {
		t.Errorf("told %d times, the plan is %s", other.told(Unclaimed), other.plan())
	}
}

func TestASecondCustomerIsLeftAloneAndTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.takesAll(w.knocks(t))
	ours := h.customer()
	h.byHand(w, map[string]string{ownerField: h.home.UUID.String()}, businessMonth)
	h.takesAll(w.knocks(t))
	if h.plan() != Pro || h.customer() != ours || h.told(SecondCustomer) != 1 {
		t.Errorf("the plan is %s, told %d times", h.plan(), h.told(SecondCustomer))
	}
}

func TestOneOrganizationThatCannotBeReadKeepsTheOthersFromNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: true}})
	h := subscribed(t, w, Pro)
	broken := uuid.UUID{15: 1} // comes before all others
	h.execute("INSERT INTO switchboard.organizations (id, name, slug) VALUES ($1, 'Broken', 'broken')", broken)
	h.execute("INSERT INTO switchboard.billing_customers (id, organization_id) VALUES ('cus_of_another_account', $1)", broken)
	step := reconcileArgs{ID: uuid.New()}
	h.execute("INSERT INTO switchboard.billing_reconciliations (id) VALUES ($1)", step.ID)
	if err := h.worker.reconcile(t.Context(), jobs.Job[reconcileArgs]{Args: step, Attempt: 1}); err == nil {
		t.Error("an outage is not waited for")
	}
	if err := h.worker.reconcile(t.Context(), jobs.Job[reconcileArgs]{Args: step, Attempt: patientTries}); err != nil || h.plan() != Pro {
		t.Errorf("it stops the others: %v, the plan is %s", err, h.plan())
	}
	if n := h.number("SELECT count(*) FROM river.river_job WHERE kind = 'billing.look'"); n != 1 {
		t.Errorf("%d jobs of its own", n)
	}
}

func TestWithoutStripeOldJobsEndAndWhatWasCountedIsRemovedInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := subscribed(t, w, Pro)
	h.execute("UPDATE switchboard.billing_operations SET created_at = now() - interval '2 minutes'")
	h.execute(`INSERT INTO switchboard.billing_usage_things (metric, thing, organization_id, month, amount) VALUES ('CALLS', $1, $2, '2020-01-01', 1)`, uuid.New(), h.home.UUID)
	h.worker.stripe = nil
	if err := h.worker.sweep(t.Context(), jobs.Job[sweepArgs]{}); err != nil {
		t.Error(err)
	}
	if err := h.worker.lookAgain(t.Context(), jobs.Job[lookArgs]{Args: lookArgs{OrganizationID: h.home.UUID}}); err != nil {
		t.Error(err)
	}
	if err := h.worker.readPrices(t.Context(), jobs.Job[pricesArgs]{}); err != nil {
		t.Error(err)
	}
	if n := h.number("SELECT count(*) FROM switchboard.billing_usage_things"); n != 0 {
		t.Errorf("%d things are kept", n)
	}
}

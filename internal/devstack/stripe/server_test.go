package stripe_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	vendor "github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

func TestACheckoutThatIsPaidOnItsPageBecomesASubscription(t *testing.T) {
	t.Parallel()
	o := open(t)
	u := o.buyer("a@example.com")
	k := o.checkout(u.ID, "checkout-1")
	if k.Status != vendor.SessionOpen || k.URL == "" || k.PaymentStatus != vendor.Unpaid {
		t.Fatalf("a new checkout is %+v", k)
	}

	stay := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	press := func(action string) *http.Response {
		response, err := stay.PostForm(k.URL, url.Values{"action": {action}})
		o.done(err)
		defer response.Body.Close()
		return response
	}
	if got := press("decline").StatusCode; got != http.StatusPaymentRequired || o.session(k.ID).Status != vendor.SessionOpen {
		t.Errorf("a declined card: %d", got)
	}
	paid := press("pay")
	if to := paid.Header.Get("Location"); paid.StatusCode != http.StatusSeeOther || to != "http://localhost:1/ok?s="+k.ID {
		t.Errorf("paid: %d to %q", paid.StatusCode, to)
	}
	if got := press("pay").StatusCode; got != http.StatusConflict {
		t.Errorf("paid twice: %d", got)
	}

	k = o.session(k.ID)
	b := o.subscription(k.Subscription)
	i := o.latest(b)
	if k.Status != vendor.SessionComplete || k.PaymentStatus != vendor.Paid || b.Status != vendor.Active || b.Metadata["organization"] != "org_1" || b.Items[0].Price.ID != "price_pro_m" {
		t.Errorf("session %+v, subscription %+v", k, b)
	}
	if i.Status != vendor.InvoicePaid || i.AmountPaid != 4900 || i.Number == "" || i.Subscription != b.ID || i.PaidAt.IsZero() {
		t.Errorf("invoice %+v", i)
	}
	want := "customer.created charge.failed payment_method.attached customer.subscription.created invoice.created invoice.finalized charge.succeeded " +
		"invoice.paid invoice.payment_succeeded customer.subscription.updated checkout.session.completed"
	if got := strings.Join(o.types(11), " "); got != want {
		t.Errorf("webhooks:\n%s, want\n%s", got, want)
	}
}

func TestTimeRenewsTriesAgainAndGivesUp(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.sold("a@example.com")
	o.fake.Advance(32 * day)
	renewed := o.subscription(b.ID)
	if renewed.Status != vendor.Active || !renewed.CurrentPeriodStart.Equal(b.CurrentPeriodEnd) || renewed.LatestInvoice == b.LatestInvoice {
		t.Errorf("a month later: %+v, before %+v", renewed, b)
	}

	o.done(o.fake.Bank(b.Customer, true, false))
	o.fake.Advance(30 * day)
	late := o.subscription(b.ID)
	i := o.latest(late)
	if late.Status != vendor.PastDue || i.Status != vendor.InvoiceOpen || i.AttemptCount != 1 || i.NextAttempt.IsZero() {
		t.Errorf("a payment that failed: %s, %+v", late.Status, i)
	}
	o.done(o.fake.Bank(b.Customer, false, false))
	o.fake.Advance(3 * day)
	if got := o.subscription(b.ID).Status; got != vendor.Active {
		t.Errorf("the second try pays, and it is %s", got)
	}

	o.done(o.fake.Bank(b.Customer, true, false))
	o.fake.Advance(60 * day)
	over := o.subscription(b.ID)
	if i := o.latest(over); over.Status != vendor.Canceled || over.EndedAt.IsZero() || i.AttemptCount != 4 || i.Status != vendor.InvoiceOpen {
		t.Errorf("dunning ended in %s after %d tries", over.Status, i.AttemptCount)
	}
}

func TestATrialIsToldOfBeforeItEndsAndPaidAfter(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.sold("a@example.com", func(in *vendor.NewSession) { in.TrialDays = 14 })
	if i := o.latest(b); b.Status != vendor.Trialing || i.Total != 0 || i.Status != vendor.InvoicePaid || !b.CurrentPeriodEnd.Equal(b.TrialEnd) {
		t.Fatalf("a trial is %+v, %+v", b, i)
	}
	o.fake.Advance(12 * day)
	if all := o.fake.Events(); all[len(all)-1].Type != "customer.subscription.trial_will_end" {
		t.Errorf("three days before: %v", all[len(all)-1])
	}
	o.fake.Advance(3 * day)
	if b = o.subscription(b.ID); b.Status != vendor.Active || o.latest(b).AmountPaid != 4900 {
		t.Errorf("after the trial: %s, %+v", b.Status, o.latest(b))
	}
}

func TestMoneyOfABankComesOrDoesNotDaysLater(t *testing.T) {
	t.Parallel()
	for came, want := range map[bool]vendor.SubscriptionStatus{true: vendor.Active, false: vendor.PastDue} {
		o := open(t)
		k := o.checkout(o.buyer("a@example.com").ID, "checkout-1")
		o.done(o.fake.PayByBank(k.ID))
		if k = o.session(k.ID); k.Status != vendor.SessionComplete || k.PaymentStatus != vendor.Unpaid {
			t.Errorf("completed is not paid: %+v", k)
		}
		o.done(o.fake.Arrive(k.ID, came))
		if got := o.subscription(k.Subscription).Status; got != want || (o.session(k.ID).PaymentStatus == vendor.Paid) != came {
			t.Errorf("came %v: %s, %s", came, got, o.session(k.ID).PaymentStatus)
		}
	}
}

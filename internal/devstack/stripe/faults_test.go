package stripe_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	vendor "github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

func TestTheSameKeyGetsTheSameAnswerAndOtherWordsConflict(t *testing.T) {
	t.Parallel()
	o := open(t)
	first, second := o.buyer("a@example.com"), o.buyer("a@example.com")
	if first.ID != second.ID || o.fake.Stats().Customers != 1 {
		t.Errorf("%s and %s are two", first.ID, second.ID)
	}
	_, err := o.EnsureCustomer(t.Context(), "customer-a@example.com", vendor.NewCustomer{Email: "b@example.com"})
	var said *vendor.Error
	if !errors.As(err, &said) || !said.KeyReused() || !said.Refused() || said.Temporary() {
		t.Errorf("the key with other words: %v", err)
	}
	if _, err := o.Checkout(t.Context(), "refused", vendor.NewSession{Customer: first.ID, Price: "price_unknown", SuccessURL: "http://localhost:1/"}); !vendor.NotFound(err) {
		t.Errorf("an unknown price: %v", err)
	}
	if k := o.checkout(first.ID, "refused"); k.ID == "" { // what was refused does not use its key up
		t.Errorf("%+v", k)
	}
}

func TestAWriteThatTookEffectMayBeAnswered500AndIsFoundByLooking(t *testing.T) {
	t.Parallel()
	o := open(t)
	in := vendor.NewCustomer{Email: "a@example.com", Metadata: map[string]string{"organization": "org_1"}}
	o.fake.SetFaults(stripe.Faults{On: "customers.create", SpoilAfter: 1})
	for range 2 { // the vendor keeps a 500 for its key
		if _, err := o.EnsureCustomer(t.Context(), "k", in); !vendor.Unsure(err) {
			t.Errorf("%v is not unsure", err)
		}
	}
	found, err := o.FindCustomers(t.Context(), in.Email, "organization", "org_1")
	if err != nil || len(found) != 1 || o.fake.Stats().Customers != 1 {
		t.Errorf("%v, %v, %+v", found, err, o.fake.Stats())
	}
}

func TestAnAnswerThatGetsLostIsTheSameAtTheNextTry(t *testing.T) {
	t.Parallel()
	o := open(t)
	u := o.buyer("a@example.com")
	o.fake.SetFaults(stripe.Faults{On: "checkout.create", LoseAnswer: 1}) // our client tries again by itself
	if k := o.checkout(u.ID, "k"); k.ID == "" || o.fake.Stats().Sessions != 1 || o.fake.Stats().Replayed != 1 {
		t.Errorf("%+v, %+v", k, o.fake.Stats())
	}
}

func TestFaultsComeAsTheVendorSaysThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		faults                              stripe.Faults
		status                              int
		refused, temporary, limited, unsure bool
	}{
		"busy":     {stripe.Faults{Refuse429: 9, RetryAfter: 7 * time.Second}, http.StatusTooManyRequests, false, true, true, false},
		"broken":   {stripe.Faults{Fail500: 9}, http.StatusInternalServerError, false, true, false, true},
		"in use":   {stripe.Faults{Conflict: 9}, http.StatusConflict, false, true, false, true},
		"no words": {stripe.Faults{Garbage: 9}, 0, false, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			o.fake.SetFaults(c.faults)
			_, err := o.EnsureCustomer(t.Context(), "k", vendor.NewCustomer{})
			if vendor.Unsure(err) != c.unsure || err == nil {
				t.Errorf("%v: unsure %v", err, vendor.Unsure(err))
			}
			var said *vendor.Error
			if errors.As(err, &said) != (c.status != 0) {
				t.Fatalf("%v", err)
			}
			if said != nil && (said.Status != c.status || said.Refused() != c.refused || said.Temporary() != c.temporary || said.RateLimited() != c.limited || said.RetryAfter != c.faults.RetryAfter) {
				t.Errorf("%+v", said)
			}
		})
	}
}

func TestWebhooksAreDoubledReorderedAndLostOnCommand(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.fake.SetFaults(stripe.Faults{Webhook: stripe.WebhookFaults{Doubled: true, Reordered: true}})
	u := o.buyer("a@example.com")
	if got := o.types(2); got[0] != "customer.created" || got[1] != "customer.created" {
		t.Errorf("doubled: %v", got)
	}
	k := o.checkout(u.ID, "k")
	o.done(o.fake.Pay(k.ID))
	if got := o.types(20)[2:]; got[0] != "checkout.session.completed" || got[len(got)-1] != "payment_method.attached" {
		t.Errorf("reordered: %v", got)
	}

	o.fake.SetFaults(stripe.Faults{Webhook: stripe.WebhookFaults{Lost: true}})
	o.done(o.fake.Cancel(o.session(k.ID).Subscription))
	all := o.fake.Events()
	o.fake.Resend(all[len(all)-1].ID, all[0].ID)
	if got := o.types(22)[20:]; !slices.Equal(got, []string{"customer.subscription.deleted", "customer.created"}) {
		t.Errorf("resent: %v", got)
	}
}

func TestWhoeverDoesNotAnswerIsToldAgain(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.mu.Lock()
	o.deaf = 3
	o.mu.Unlock()
	o.buyer("a@example.com")
	if got := o.types(1); got[0] != "customer.created" {
		t.Errorf("%v", got)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.deaf != 0 {
		t.Errorf("%d tries are missing", o.deaf)
	}
}

func TestOnlyTheKeyAndThePinnedVersionAreLetIn(t *testing.T) {
	t.Parallel()
	o := open(t)
	for _, h := range []http.Header{
		{}, {"Authorization": {"Bearer wrong"}, "Stripe-Version": {stripe.APIVersion}}, {"Authorization": {"Bearer " + key}, "Stripe-Version": {"2026-01-01.endive"}},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.url+"/v1/customers", nil)
		o.done(err)
		request.Header = h
		response, err := http.DefaultClient.Do(request)
		o.done(err)
		_ = response.Body.Close()
		if response.StatusCode < 400 || response.StatusCode > 401 {
			t.Errorf("%v: %d", h, response.StatusCode)
		}
	}
	_, err := vendor.New(vendor.Config{BaseURL: o.url, Key: key + "x"}).Customer(t.Context(), "cus_1")
	var said *vendor.Error
	if !errors.As(err, &said) || said.Status != http.StatusUnauthorized {
		t.Errorf("%v", err)
	}
}

package stripe_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	vendor "github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

const (
	key    = "sk_test_local"
	secret = "whsec_local"
	day    = 24 * time.Hour
)

func prices() []stripe.Price {
	return []stripe.Price{
		{ID: "price_pro_m", Product: "Pro", Amount: 4900, Currency: "usd", Interval: "month"},
		{ID: "price_pro_y", Product: "Pro", Amount: 49900, Currency: "usd", Interval: "year"},
		{ID: "price_business_m", Product: "Business", Amount: 19900, Currency: "usd", Interval: "month"},
	}
}

// shop is the service, our client of it, and an ear for its webhooks.
type shop struct {
	t    *testing.T
	fake *stripe.Server
	*vendor.Client
	url string
	raw func(body []byte) // sees each webhook too

	mu    sync.Mutex
	heard []vendor.Event
	deaf  int // so many webhooks are answered 500
}

func open(t *testing.T, change ...func(*stripe.Config)) *shop {
	t.Helper()
	config := stripe.Config{Key: key, Prices: prices(), WebhookPause: 10 * time.Millisecond}
	for _, c := range change {
		c(&config)
	}
	o := &shop{t: t, fake: stripe.New(config), raw: func([]byte) {}}
	ear := httptest.NewServer(http.HandlerFunc(o.hear))
	server := httptest.NewServer(o.fake)
	o.url = server.URL
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := o.fake.Close(ctx); err != nil {
			t.Errorf("closing: %v", err)
		}
		server.Close()
		ear.Close()
	})
	o.fake.Notify(stripe.Endpoint{URL: ear.URL, Secrets: []string{"whsec_next", secret}})
	o.Client = vendor.New(vendor.Config{BaseURL: server.URL, Key: key, HTTP: &http.Client{}})
	return o
}

func (o *shop) hear(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender tries again
	}
	o.raw(body)
	e, err := vendor.ParseEvent(body, r.Header.Get("Stripe-Signature"), []string{secret})
	if err != nil {
		o.t.Errorf("a webhook is not believed: %v", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.deaf > 0 {
		o.deaf--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	o.heard = append(o.heard, e)
}

// all are the webhooks that have come.
func (o *shop) all() []vendor.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.heard)
}

// types waits until so many webhooks have come.
func (o *shop) types(n int) []string {
	o.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		var all []string
		for _, e := range o.all() {
			all = append(all, e.Type)
		}
		if len(all) >= n {
			return all
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("%d webhooks of %d came: %v", len(all), n, all)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func (o *shop) buyer(email string) vendor.Customer {
	o.t.Helper()
	u, err := o.EnsureCustomer(o.t.Context(), "customer-"+email, vendor.NewCustomer{Email: email, Metadata: map[string]string{"organization": email}})
	if err != nil {
		o.t.Fatal(err)
	}
	return u
}

func (o *shop) checkout(customer, key string, change ...func(*vendor.NewSession)) vendor.Session {
	o.t.Helper()
	in := vendor.NewSession{
		Customer: customer, Price: "price_pro_m", SuccessURL: "http://localhost:1/ok?s={CHECKOUT_SESSION_ID}", CancelURL: "http://localhost:1/no",
		ClientReferenceID: "org_1", Metadata: map[string]string{"organization": "org_1"},
	}
	for _, c := range change {
		c(&in)
	}
	k, err := o.Checkout(o.t.Context(), key, in)
	if err != nil {
		o.t.Fatal(err)
	}
	return k
}

// sold is a customer with a subscription that was paid by card.
func (o *shop) sold(email string, change ...func(*vendor.NewSession)) vendor.Subscription {
	o.t.Helper()
	k := o.checkout(o.buyer(email).ID, "checkout-"+email, change...)
	o.done(o.fake.Pay(k.ID))
	return o.subscription(o.session(k.ID).Subscription)
}

func (o *shop) done(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *shop) session(id string) vendor.Session {
	o.t.Helper()
	k, err := o.Session(o.t.Context(), id)
	o.done(err)
	return k
}

func (o *shop) subscription(id string) vendor.Subscription {
	o.t.Helper()
	b, err := o.Subscription(o.t.Context(), id)
	o.done(err)
	return b
}

func (o *shop) latest(b vendor.Subscription) vendor.Invoice {
	o.t.Helper()
	i, err := o.Invoice(o.t.Context(), b.LatestInvoice)
	o.done(err)
	return i
}

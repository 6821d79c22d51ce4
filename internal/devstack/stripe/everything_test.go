package stripe_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	vendor "github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// everything calls all that the client can, and has the world do all that it does.
func everything(t *testing.T, o *shop) {
	t.Helper()
	ctx := t.Context()
	b := o.sold("a@example.com")
	ok := func(_ any, err error) { t.Helper(); o.done(err) }
	ok(o.Customer(ctx, b.Customer))
	ok(o.FindCustomers(ctx, "a@example.com", "organization", "a@example.com"))
	ok(o.Price(ctx, "price_pro_m"))
	ok(o.Endpoints(ctx))
	ok(o.Subscriptions(ctx, b.Customer))
	ok(o.OpenSessions(ctx, b.Customer))
	ok(o.Portal(ctx, "portal", b.Customer, "http://localhost:1/"))
	change := vendor.Change{Subscription: b.ID, Item: b.Items[0].ID, Price: "price_business_m"}
	ok(o.PreviewChange(ctx, b.Customer, change))
	ok(o.ChangePrice(ctx, "change", change))
	ok(o.CancelAtPeriodEnd(ctx, "cancel", b.ID))
	ok(o.Resume(ctx, "resume", b.ID))
	invoice := o.latest(o.subscription(b.ID))
	ok(o.Charge(ctx, invoice.Charge))
	o.done(o.fake.Refund(invoice.ID))
	o.done(o.fake.Dispute(invoice.ID))
	methods, err := o.PaymentMethods(ctx, b.Customer)
	o.done(err)
	ok(o.SetDefault(ctx, "default", b.Customer, methods[0].ID))
	ok(o.PayFrom(ctx, "from", b.ID, methods[0].ID))
	ok(o.Detach(ctx, "detach", methods[0].ID))
	_, _, err = o.Invoices(ctx, b.Customer, vendor.Page{Limit: 1})
	o.done(err)
	ok(o.CancelNow(ctx, "now", b.ID))
	k := o.checkout(b.Customer, "expired")
	ok(o.ExpireSession(ctx, "expire", k.ID))

	trial := o.sold("b@example.com", func(in *vendor.NewSession) { in.TrialDays, in.PromotionCodes = 7, true })
	o.fake.Advance(8 * day)
	o.done(o.fake.Bank(trial.Customer, false, true))
	o.fake.Advance(60 * day)
	bank := o.checkout(o.buyer("c@example.com").ID, "bank")
	o.done(o.fake.PayByBank(bank.ID))
	o.done(o.fake.Arrive(bank.ID, false))
	o.done(o.fake.VoidInvoice(o.latest(o.subscription(o.session(bank.ID).Subscription)).ID))
	o.done(o.fake.DeleteCustomer(o.session(bank.ID).Customer))
	ok(o.Customer(ctx, o.session(bank.ID).Customer))
	o.done(o.Refund(ctx, "refund", o.latest(o.sold("e@example.com")).Charge))
	response := o.post("/v1/refunds", "charge="+o.latest(o.sold("d@example.com")).Charge)
	if !strings.Contains(response, `"refund"`) {
		t.Errorf("a refund: %s", response)
	}
	o.raw([]byte(response))
	o.types(len(o.fake.Events()))
	for _, e := range o.all() {
		if e.Type == "charge.dispute.created" {
			ok(o.Client.Dispute(ctx, e.ObjectID))
		}
	}
}

func (o *shop) post(path, form string) string {
	o.t.Helper()
	request, err := http.NewRequestWithContext(o.t.Context(), http.MethodPost, o.url+path, strings.NewReader(form))
	o.done(err)
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Stripe-Version", stripe.APIVersion)
	response, err := http.DefaultClient.Do(request)
	o.done(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	o.done(err)
	return string(body)
}

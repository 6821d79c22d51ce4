package stripe_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	vendor "github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// browse gives a page as a browser ends up at it.
func (o *shop) browse(page string, form url.Values) (int, string) {
	o.t.Helper()
	get := func() (*http.Response, error) { return http.Get(page) }
	if form != nil {
		get = func() (*http.Response, error) { return http.PostForm(page, form) }
	}
	response, err := get()
	o.done(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	o.done(err)
	return response.StatusCode, string(body)
}

func TestCustomersLookAfterThemselvesInThePortalAndAfterNobodyElse(t *testing.T) {
	t.Parallel()
	o := open(t)
	b, other := o.sold("a@example.com"), o.sold("b@example.com")
	page, err := o.Portal(t.Context(), "portal", b.Customer, "http://localhost:1/back")
	o.done(err)
	status, text := o.browse(page, nil)
	if status != http.StatusOK || !strings.Contains(text, b.ID) || strings.Contains(text, other.ID) || !strings.Contains(text, "http://localhost:1/back") {
		t.Errorf("%d: %s", status, text)
	}
	press := func(action, id string) int {
		status, _ := o.browse(page, url.Values{"action": {action}, "id": {id}})
		return status
	}
	if got := press("cancel", b.ID); got != http.StatusOK || !o.subscription(b.ID).CancelAtPeriodEnd {
		t.Errorf("cancel: %d", got)
	}
	if got := press("resume", b.ID); got != http.StatusOK || o.subscription(b.ID).CancelAtPeriodEnd {
		t.Errorf("resume: %d", got)
	}
	if got := press("default", b.DefaultPaymentMethod); got != http.StatusOK {
		t.Errorf("default: %d", got)
	}
	if u, err := o.Customer(t.Context(), b.Customer); err != nil || u.DefaultPaymentMethod != b.DefaultPaymentMethod {
		t.Errorf("%+v, %v", u, err)
	}
	if got := press("detach", b.DefaultPaymentMethod); got != http.StatusOK || o.subscription(b.ID).DefaultPaymentMethod != "" {
		t.Errorf("detach: %d", got)
	}
	for _, theirs := range []string{other.ID, other.DefaultPaymentMethod, "", "nothing"} {
		if got := press("cancel", theirs); got != http.StatusNotFound {
			t.Errorf("somebody else's %q: %d", theirs, got)
		}
	}
	if o.subscription(other.ID).CancelAtPeriodEnd {
		t.Error("somebody else's subscription was canceled")
	}
}

func TestAnOpenInvoiceIsPaidOnItsPage(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.sold("a@example.com")
	o.done(o.fake.Bank(b.Customer, true, false))
	o.fake.Advance(31 * day)
	i := o.latest(o.subscription(b.ID))
	if status, text := o.browse(i.HostedURL, nil); status != http.StatusOK || !strings.Contains(text, i.Number) {
		t.Errorf("%d: %s", status, text)
	}
	if status, _ := o.browse(i.HostedURL, url.Values{"action": {"pay"}}); status != http.StatusOK || o.latest(o.subscription(b.ID)).Status != vendor.InvoicePaid {
		t.Errorf("%d, %+v", status, o.latest(o.subscription(b.ID)))
	}
	if o.subscription(b.ID).Status != vendor.Active {
		t.Error("it was paid and is not active")
	}
	if status, _ := o.browse(o.url+"/i/in_none", nil); status != http.StatusNotFound {
		t.Errorf("no invoice: %d", status)
	}
}

func TestTimeBanksAndFaultsAreOrderedOverHTTPByWhoHasTheKey(t *testing.T) {
	t.Parallel()
	o := open(t, func(c *stripe.Config) { c.Control = true })
	b := o.sold("a@example.com")
	order := func(path, body, key string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.url+"/control/"+path, strings.NewReader(body))
		o.done(err)
		request.Header.Set("Authorization", "Bearer "+key)
		response, err := http.DefaultClient.Do(request)
		o.done(err)
		defer response.Body.Close()
		return response.StatusCode
	}
	for _, c := range []struct {
		path, body, key string
		want            int
	}{
		{"bank", `{"customer":"` + b.Customer + `","declines":true}`, key, 200}, {"advance", `{"days":32}`, key, 200},
		{"advance", `{"days":32}`, "wrong", 401}, {"advance", `{"weeks":3}`, key, 400}, {"bank", `{"customer":"cus_none"}`, key, 400},
		{"refund", `{"invoice":"` + b.LatestInvoice + `"}`, key, 200}, {"refund", `{"invoice":"` + b.LatestInvoice + `"}`, key, 400},
		{"dispute", `{"invoice":"` + b.LatestInvoice + `"}`, key, 200}, {"arrive", `{"session":"cs_none"}`, key, 400},
		{"faults", `{"on":"customers.get","refuse_429":1,"retry_after_ms":2000,"webhook":{"lost":true}}`, key, 200},
	} {
		if got := order(c.path, c.body, c.key); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.path, c.body, got, c.want)
		}
	}
	if got := o.subscription(b.ID).Status; got != vendor.PastDue {
		t.Errorf("a month later: %s", got)
	}
	if _, err := o.Customer(t.Context(), b.Customer); err == nil {
		t.Error("the fault did not strike")
	}
}

func TestAChangeOfPriceCostsWhatItsPreviewSaidAndNothingIfItIsDeclined(t *testing.T) {
	t.Parallel()
	o := open(t)
	b := o.sold("a@example.com")
	o.fake.Advance(10 * day)
	change := vendor.Change{Subscription: b.ID, Item: b.Items[0].ID, Price: "price_business_m"}
	seen, err := o.PreviewChange(t.Context(), b.Customer, change)
	if err != nil || seen.AmountDue <= 0 || seen.AmountDue >= 15000 || seen.Currency != "usd" {
		t.Fatalf("%+v, %v", seen, err)
	}
	change.At = seen.At
	o.done(o.fake.Bank(b.Customer, true, false))
	if _, err := o.ChangePrice(t.Context(), "declined", change); err == nil || o.subscription(b.ID).Items[0].Price.ID != "price_pro_m" {
		t.Errorf("declined: %v, and the price is %s", err, o.subscription(b.ID).Items[0].Price.ID)
	}
	o.done(o.fake.Bank(b.Customer, false, false))
	after, err := o.ChangePrice(t.Context(), "paid", change)
	if err != nil || after.Items[0].Price.ID != "price_business_m" || !after.CurrentPeriodEnd.Equal(b.CurrentPeriodEnd) || o.latest(after).AmountPaid != seen.AmountDue {
		t.Errorf("%+v, %v: paid %+v, the preview said %+v", after, err, o.latest(after), seen)
	}
	down := vendor.Change{Subscription: b.ID, Item: b.Items[0].ID, Price: "price_pro_m"}
	credit, err := o.PreviewChange(t.Context(), b.Customer, down)
	if err != nil || credit.AmountDue != 0 || credit.Total >= 0 {
		t.Errorf("a smaller plan: %+v, %v", credit, err)
	}
	year := vendor.Change{Subscription: b.ID, Item: b.Items[0].ID, Price: "price_pro_y"}
	if after, err = o.ChangePrice(t.Context(), "year", year); err != nil || after.CurrentPeriodEnd.Before(b.CurrentPeriodEnd.AddDate(0, 10, 0)) {
		t.Errorf("a year: %+v, %v", after, err)
	}
}

package stripe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	stripego "github.com/stripe/stripe-go/v76"
	vendor "github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// kinds are the structs of stripe-go v76, by what an object calls itself.
func kinds() map[string]reflect.Type {
	return map[string]reflect.Type{
		"customer": reflect.TypeFor[stripego.Customer](), "price": reflect.TypeFor[stripego.Price](), "subscription": reflect.TypeFor[stripego.Subscription](),
		"subscription_item": reflect.TypeFor[stripego.SubscriptionItem](), "checkout.session": reflect.TypeFor[stripego.CheckoutSession](),
		"invoice": reflect.TypeFor[stripego.Invoice](), "line_item": reflect.TypeFor[stripego.InvoiceLineItem](), "payment_method": reflect.TypeFor[stripego.PaymentMethod](),
		"charge": reflect.TypeFor[stripego.Charge](), "dispute": reflect.TypeFor[stripego.Dispute](), "refund": reflect.TypeFor[stripego.Refund](),
		"billing_portal.session": reflect.TypeFor[stripego.BillingPortalSession](), "event": reflect.TypeFor[stripego.Event](),
		"webhook_endpoint": reflect.TypeFor[stripego.WebhookEndpoint](),
	}
}

// onlyTheirs are fields of the vendor's answers that stripe-go v76 leaves out.
func onlyTheirs(path string) bool {
	return strings.HasSuffix(path, ".card.generated_from")
}

// misfit says where a value does not fit a struct: a field that it does not know, or of another kind.
func misfit(path string, v any, to reflect.Type, quoted bool) string {
	if v == nil || onlyTheirs(path) {
		return ""
	}
	for to.Kind() == reflect.Pointer {
		to = to.Elem()
	}
	switch v := v.(type) {
	case string:
		if to.Kind() == reflect.String || quoted || to.Kind() == reflect.Struct && to.Name() != "" { // an id in the place of an object
			return ""
		}
	case bool:
		if to.Kind() == reflect.Bool {
			return ""
		}
	case float64:
		if to.Kind() == reflect.Float64 || to.Kind() == reflect.Int64 && v == math.Trunc(v) {
			return ""
		}
	case []any:
		if to.Kind() != reflect.Slice {
			break
		}
		for i, each := range v {
			if said := misfit(fmt.Sprintf("%s[%d]", path, i), each, to.Elem(), false); said != "" {
				return said
			}
		}
		return ""
	case map[string]any:
		return misfits(path, v, to)
	}
	return fmt.Sprintf("%s: %v is no %s", path, v, to)
}

func misfits(path string, v map[string]any, to reflect.Type) string {
	if to.Kind() == reflect.Map || to == reflect.TypeFor[json.RawMessage]() { // an event's object is looked at by itself
		return ""
	}
	if to.Kind() != reflect.Struct {
		return fmt.Sprintf("%s: an object is no %s", path, to)
	}
	known := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(to) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			known[name] = f
		}
	}
	for name, inner := range v {
		f, ok := known[name]
		if !ok {
			if onlyTheirs(path+"."+name) || name == "object" && inner == "list" {
				continue
			}
			return fmt.Sprintf("%s.%s: %s does not know it", path, name, to)
		}
		if said := misfit(path+"."+name, inner, f.Type, strings.Contains(f.Tag.Get("json"), ",string")); said != "" {
			return said
		}
	}
	return ""
}

// witness keeps everything that the service says.
type witness struct {
	http.RoundTripper
	mu   sync.Mutex
	said [][]byte
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := w.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	w.keep(body)
	return response, err
}

func (w *witness) keep(body []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, body)
}

// objects gives every object that calls itself something, however deep it lies.
func objects(v any, each func(kind string, o map[string]any)) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			objects(inner, each)
		}
	case map[string]any:
		if kind, ok := v["object"].(string); ok && kind != "list" {
			each(kind, v)
		}
		for _, inner := range v {
			objects(inner, each)
		}
	}
}

func TestEveryAnswerFitsTheStructsOfStripeGo(t *testing.T) {
	t.Parallel()
	o := open(t)
	w := &witness{RoundTripper: http.DefaultTransport}
	o.raw = w.keep
	o.Client = vendor.New(vendor.Config{BaseURL: o.url, Key: key, HTTP: &http.Client{Transport: w}})
	everything(t, o)
	o.types(len(o.fake.Events()))

	seen := map[string]int{}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, body := range w.said {
		var all any
		if err := json.Unmarshal(body, &all); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		objects(all, func(kind string, object map[string]any) {
			seen[kind]++
			to := kinds()[kind]
			if to == nil {
				t.Fatalf("an object of the kind %q", kind)
			}
			if said := misfit(kind, object, to, false); said != "" {
				t.Error(said)
			}
			raw, _ := json.Marshal(object)
			if err := json.Unmarshal(raw, reflect.New(to).Interface()); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		})
	}
	for kind := range kinds() {
		if seen[kind] == 0 {
			t.Errorf("no %s was seen", kind)
		}
	}
}

package stripe

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v76/webhook"
)

const testSecret = "whsec_test-4242"

func signed(body string, at time.Time, secret string) string {
	return webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: secret, Timestamp: at}).Header
}

func TestAnEventGivesItsIDsWhereverTheVersionPutsThem(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]Event{
		`{"id":"sub_1","object":"subscription","customer":"cus_1"}`:                                                               {ObjectKind: "subscription", ObjectID: "sub_1", CustomerID: "cus_1", SubscriptionID: "sub_1"},
		`{"id":"in_1","object":"invoice","customer":{"id":"cus_1"},"subscription":"sub_1","charge":"ch_1"}`:                       {ObjectKind: "invoice", ObjectID: "in_1", CustomerID: "cus_1", SubscriptionID: "sub_1", InvoiceID: "in_1", ChargeID: "ch_1"},
		`{"id":"in_1","object":"invoice","customer":"cus_1","parent":{"subscription_details":{"subscription":"sub_1"}}}`:          {ObjectKind: "invoice", ObjectID: "in_1", CustomerID: "cus_1", SubscriptionID: "sub_1", InvoiceID: "in_1"},
		`{"object":"invoice","customer":"cus_1"}`:                                                                                 {ObjectKind: "invoice", CustomerID: "cus_1"}, // invoice.upcoming
		`{"id":"cus_1","object":"customer","deleted":true}`:                                                                       {ObjectKind: "customer", ObjectID: "cus_1", CustomerID: "cus_1"},
		`{"id":"cs_1","object":"checkout.session","customer":"cus_1","subscription":{"id":"sub_1"},"client_reference_id":"o"}`:    {ObjectKind: "checkout.session", ObjectID: "cs_1", CustomerID: "cus_1", SubscriptionID: "sub_1"},
		`{"id":"dp_1","object":"dispute","charge":"ch_1"}`:                                                                        {ObjectKind: "dispute", ObjectID: "dp_1", ChargeID: "ch_1"},
		`{"id":"ch_1","object":"charge","customer":"cus_1","invoice":"in_1"}`:                                                     {ObjectKind: "charge", ObjectID: "ch_1", CustomerID: "cus_1", InvoiceID: "in_1", ChargeID: "ch_1"},
		`{"id":"pm_1","object":"payment_method","customer":null}},"x":{"y":{}`:                                                    {ObjectKind: "payment_method", ObjectID: "pm_1"},
		`{"id":"pm_1","object":"payment_method","customer":null},"previous_attributes":{"customer":"cus_1"`:                       {ObjectKind: "payment_method", ObjectID: "pm_1", CustomerID: "cus_1"},
		`{"id":"../v1/accounts","object":"subscription","customer":"cus_1?expand[]=x","subscription":5,"invoice":["in_1"]}`:       {ObjectKind: "subscription"},
		`{"id":"cus_1","object":["customer"],"customer":{"id":{"id":"cus_2"}},"parent":"subscription_details","charge":{"id":1}}`: {ObjectID: "cus_1"},
	} {
		object, _ = strings.CutSuffix(object, "}") // the envelope closes it
		body := `{"id":"evt_1","object":"event","api_version":"2026-09-30.endive","created":1700000000,"livemode":true,"type":"a.b","data":{"object":` + object + `}}}`
		want.ID, want.Type, want.Created, want.Live, want.APIVersion = "evt_1", "a.b", at(1_700_000_000), true, "2026-09-30.endive"
		got, err := ParseEvent([]byte(body), signed(body, time.Now(), testSecret), []string{testSecret})
		if err != nil || got != want {
			t.Errorf("%s:\n%+v, %v, want\n%+v", body, got, err, want)
		}
	}
}

func TestOnlyWhatAConfiguredSecretSignedLatelyIsBelieved(t *testing.T) {
	t.Parallel()
	const body = `{"id":"evt_1","type":"a.b","data":{"object":{"id":"cus_1","object":"customer"}}}`
	now := time.Now()
	for name, c := range map[string]struct {
		header  string
		secrets []string
		want    error
	}{
		"the first of two":        {signed(body, now, testSecret), []string{testSecret, "whsec_b"}, nil},
		"the second of two":       {signed(body, now, "whsec_b"), []string{testSecret, "whsec_b"}, nil},
		"just young enough":       {signed(body, now.Add(-290*time.Second), testSecret), []string{testSecret}, nil},
		"too old":                 {signed(body, now.Add(-310*time.Second), testSecret), []string{testSecret}, ErrOld},
		"of another":              {signed(body, now, "whsec_b"), []string{testSecret}, ErrUnsigned},
		"empty, and empty secret": {signed(body, now, ""), []string{""}, ErrUnsigned},
		"empty secret beside one": {signed(body, now, ""), []string{testSecret, ""}, ErrUnsigned},
		"no secrets":              {signed(body, now, testSecret), nil, ErrUnsigned},
		"no header":               {"", []string{testSecret}, ErrUnsigned},
		"another scheme":          {strings.Replace(signed(body, now, testSecret), "v1=", "v0=", 1), []string{testSecret}, ErrUnsigned},
	} {
		if _, err := ParseEvent([]byte(body), c.header, c.secrets); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestWhatIsSignedAndNoEventIsSaidApart(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `null`, `[]`, `{}`, `{"id":"evt_1"}`, `{"id":"evt_1","type":"a.b"}`, `{"id":"evt_1","type":"a.b","data":{"object":null}}`, `{"id":"evt_1","type":"a.b","data":{"object":"x"}}`,
		`{"id":"evt_1","object":"v2.core.event","type":"v1.customer.created","created":"2026-11-24T00:00:00Z","data":{"object":{}}}`, `{"id":5,"type":"a.b","data":{"object":{"id":"cus_1"}}}`,
		`{"id":"evt_1","type":"a.b","data":{"object":{"id":"cus_1"}}} x`, strings.Repeat(" ", maxWebhook+1),
	} {
		if e, err := ParseEvent([]byte(body), signed(body, time.Now(), testSecret), []string{testSecret}); !errors.Is(err, ErrUnreadable) {
			t.Errorf("%.80q: %+v, %v", body, e, err)
		}
	}
}

func FuzzNothingUnsignedIsBelieved(f *testing.F) {
	const good = `{"id":"evt_1","type":"a.b","data":{"object":{"id":"cus_1","object":"customer"}}}`
	f.Add([]byte(good), "t=1700000000,v1=00", "whsec_x")
	f.Add([]byte(good), signed(good, time.Now(), ""), "")
	f.Add([]byte(good), signed(good, time.Now(), testSecret), testSecret)
	f.Add([]byte(`{"id":"evt_1","type":"a.b","data":{"object":{"customer":{"id":{}}},"previous_attributes":{"customer":[]}}}`), "t=,v1=", "\x00")
	f.Add([]byte(`{"data":null}`), "v1=aa,t=1", "a")
	f.Fuzz(func(t *testing.T, body []byte, header, secret string) {
		e, err := ParseEvent(body, header, []string{"", "whsec_nobody-knows-this-one"})
		if err == nil {
			t.Fatalf("%q signed by nobody gives %+v", header, e)
		}
		own := signed(string(body), time.Now(), secret)
		e, err = ParseEvent(body, own, []string{secret})
		if secret == "" && err == nil || secret != "" && (errors.Is(err, ErrUnsigned) || errors.Is(err, ErrOld)) {
			t.Fatalf("signed with %q: %+v, %v", secret, e, err)
		}
		for _, id := range []string{e.ObjectID, e.CustomerID, e.SubscriptionID, e.InvoiceID, e.ChargeID} {
			if id != "" && !idPattern.MatchString(id) {
				t.Fatalf("%q is no id", id)
			}
		}
		if _, err := ParseEvent(append(body, ' '), own, []string{secret}); err == nil {
			t.Fatal("a byte more is believed")
		}
	})
}

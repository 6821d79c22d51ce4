package test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
)

// shop is an app that sells plans through the local Stripe. FREE has one transcription a month, PRO three.
type shop struct {
	*app
	stripe *fake.Server
	secret string
}

// lag is how far the local Stripe's clock is behind: more than a month, so that a renewal can be over now.
const lag = 40 * 24 * time.Hour

// sells starts one process that may sell.
func sells(t *testing.T, settings ...string) *shop {
	t.Helper()
	key := "sk_test_" + rand.Text()
	s := &shop{secret: "whsec_" + rand.Text()}
	s.stripe = fake.New(fake.Config{Key: key, Behind: lag, WebhookPause: 50 * time.Millisecond, Prices: []fake.Price{
		{ID: "price_pm", Product: "Pro", Amount: 4900, Currency: "usd", Interval: "month"}, {ID: "price_py", Product: "Pro", Amount: 49000, Currency: "usd", Interval: "year"},
		{ID: "price_bm", Product: "Business", Amount: 19900, Currency: "usd", Interval: "month"}, {ID: "price_other", Product: "Other", Amount: 100, Currency: "usd", Interval: "month"},
	}})
	server := httptest.NewServer(s.stripe)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.stripe.Close(ctx)
		server.CloseClientConnections()
		server.Close()
	})
	s.app = start(t, append([]string{
		"STRIPE_SECRET_KEY=" + key, "STRIPE_WEBHOOK_SECRET=" + s.secret, "STRIPE_BASE_URL=" + server.URL,
		"STRIPE_PRICE_PRO_MONTHLY=price_pm", "STRIPE_PRICE_PRO_YEARLY=price_py", "STRIPE_PRICE_BUSINESS_MONTHLY=price_bm",
		"BILLING_LIMITS_FREE=TRANSCRIPTIONS=1", "BILLING_LIMITS_PRO=TRANSCRIPTIONS=3",
	}, settings...)...)
	s.stripe.Notify(s.door(s.process))
	return s
}

// door is where a process takes Stripe's webhooks.
func (s *shop) door(p *process) fake.Endpoint {
	return fake.Endpoint{URL: p.url + "/api/webhooks/stripe", Secrets: []string{s.secret}}
}

// standing is the plan as its people see it.
func (p *person) standing() client.Standing {
	p.t.Helper()
	s, err := p.Standing(within(p.t), p.slug)
	if err != nil {
		p.t.Fatalf("reading the plan: %v", err)
	}
	return s
}

// gets waits for a plan and the status of its subscription; an empty status: any.
func (p *person) gets(plan, status string) (s client.Standing) {
	p.t.Helper()
	eventually(p.t, "the plan "+plan+" "+status, func() bool {
		s = p.standing()
		return s.Plan == plan && (status == "" || s.Subscription == status)
	})
	return s
}

// checkout opens a page and gives its id at Stripe.
func (p *person) checkout() (session string) {
	p.t.Helper()
	price, err := p.PriceOf(within(p.t), "PRO", "MONTH")
	if err != nil {
		p.t.Fatal(err)
	}
	page, err := p.Checkout(within(p.t), p.organization.String(), price, "/settings?tab=billing")
	if err != nil {
		p.t.Fatalf("opening a checkout: %v", err)
	}
	return sessionOf(page)
}

func sessionOf(page string) string { return page[strings.LastIndex(page, "/")+1:] }

// buys is a checkout that is paid by card and has arrived.
func (s *shop) buys(p *person) (session string) {
	s.t.Helper()
	session = p.checkout()
	s.done(s.stripe.Pay(session))
	p.gets("PRO", "ACTIVE")
	return session
}

func (s *shop) done(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// wantOnce says that nothing is there twice: neither at Stripe nor here.
func (s *shop) wantOnce(subscriptions int) {
	s.t.Helper()
	customers, living, open := s.stripe.Customers(), s.stripe.Subscriptions(), s.stripe.OpenSessions()
	rows := s.rows("SELECT count(*) FROM switchboard.billing_customers")
	mirrored := s.rows("SELECT count(*) FROM switchboard.billing_subscriptions WHERE status NOT IN ('CANCELED', 'INCOMPLETE_EXPIRED')")
	if len(customers) != 1 || rows != 1 || len(living) != subscriptions || mirrored != subscriptions || len(open) > 1 {
		s.t.Errorf("at Stripe %d customers, %d subscriptions, %d open checkouts; here %d customers, %d subscriptions",
			len(customers), len(living), len(open), rows, mirrored)
	}
}

// live gives the summaries of what is told of the plan, from now on.
func (p *person) live() (told <-chan string, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	p.t.Cleanup(cancel)
	said := make(chan string, 100)                                       // more than any test causes
	from := vars{"id": p.organization.String(), "after": p.streamHead()} // what happens before the socket is open is told too
	go func() {
		_ = p.Subscribe(ctx, `subscription($id: ID!, $after: String) { organizationActivity(organizationId: $id, after: $after, types: [BILLING_STATUS_CHANGED]) { cursor summary } }`,
			from, func(data json.RawMessage) error {
				said <- string(data)
				return nil
			})
	}()
	return said, cancel
}

// wantInOrder says that a text has these parts, one behind the other.
func wantInOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	at := 0
	for _, part := range parts {
		next := strings.Index(text[at:], part)
		if next < 0 {
			t.Fatalf("want %q next in:\n%s", part, text[at:])
		}
		at += next + len(part)
	}
}

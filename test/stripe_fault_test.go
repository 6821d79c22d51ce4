package test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
)

// handled waits until no webhook waits for its turn.
func (s *shop) handled() {
	s.t.Helper()
	eventually(s.t, "every webhook to be worked on", s.idle)
}

func (s *shop) idle() bool {
	return s.rows("SELECT count(*) FROM switchboard.webhook_events WHERE status NOT IN ('PROCESSED', 'DISCARDED')") == 0
}

func TestWhatEveryLostWebhookWouldHaveToldIsFoundByTheComparison(t *testing.T) {
	t.Parallel()
	s := sells(t, "BILLING_RECONCILE_EVERY=1s")
	s.stripe.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: true}})
	p := s.person("ours", "OWNER")
	session := p.checkout()
	s.done(s.stripe.Pay(session))
	p.gets("PRO", "ACTIVE")
	if i := p.standing().Invoice; i == nil || i.Status != "PAID" {
		t.Errorf("the invoice: %+v", i)
	}
	s.done(s.stripe.Cancel(s.stripe.Subscriptions()[0]))
	p.gets("FREE", "CANCELED")
	var out json.RawMessage
	p.must(`query($id: ID!) { node(id: $id) { ... on Organization { auditLog(types: [BILLING_REPAIRED]) { nodes { summary detail { name value } } } } } }`, vars{"id": p.organization.String()}, &out)
	for _, want := range []string{`"name":"corrected"`, "plan FREE to PRO", "plan PRO to FREE"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the audit log does not say %q of what was repaired: %s", want, out)
		}
	}
	s.wantOnce(0)
}

func TestAWriteThatTookEffectWithoutAGoodAnswerIsNotDoneTwice(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]fake.Faults{
		"500 after a customer was made":  {On: "customers.create", SpoilAfter: 1},
		"500 after a checkout was made":  {On: "checkout.create", SpoilAfter: 1},
		"a customer's answer is lost":    {On: "customers.create", LoseAnswer: 2}, // our client tries again by itself once
		"a checkout's answer is lost":    {On: "checkout.create", LoseAnswer: 2},
		"500 and nothing was done":       {On: "checkout.create", Fail500: 1},
		"the key is in use":              {On: "checkout.create", Conflict: 2},
		"busy":                           {On: "checkout.create", Refuse429: 1, RetryAfter: time.Second},
		"a login page of the network":    {On: "customers.create", Garbage: 2},
		"500 while a session is checked": {On: "checkout.list", Fail500: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sells(t)
			p := s.person("ours", "OWNER")
			price, err := p.PriceOf(within(t), "PRO", "MONTH")
			s.done(err)
			s.stripe.SetFaults(faults)
			session := p.insists(price)
			s.done(s.stripe.Pay(session))
			p.gets("PRO", "ACTIVE")
			s.wantOnce(1)
			if open := s.stripe.OpenSessions(); len(open) != 0 {
				t.Errorf("%d pages can still be paid", len(open))
			}
		})
	}
}

const checkoutCreate = `mutation($in: BillingCheckoutCreateInput!) { billingCheckoutCreate(input: $in) { url userErrors { code message path } } }`

// insists presses the button until there is a page, as people do: each time with the same key.
func (p *person) insists(price client.Price) (session string) {
	p.t.Helper()
	heals(p.t, "a checkout", func() bool {
		var out struct{ BillingCheckoutCreate struct{ URL string } }
		_ = p.Do(within(p.t), checkoutCreate, vars{"in": vars{"organizationId": p.organization.String(), "priceId": price.ID, "returnPath": "/", "idempotencyKey": "the same"}}, &out)
		session = sessionOf(out.BillingCheckoutCreate.URL)
		return session != ""
	})
	return session
}

// heals waits as long as a killed process's work may take to be taken up by the next one.
func heals(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(2 * healed) // a busy machine adds to the promise
	looks := time.NewTicker(50 * time.Millisecond)
	defer looks.Stop()
	for !holds() {
		select {
		case <-looks.C:
		case <-late:
			t.Fatalf("not healed after %s: %s", 2*healed, what)
		}
	}
}

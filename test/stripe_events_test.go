package test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/billing"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
)

// turn is something that happens at Stripe, and what an admin of each organization sees then.
type turn struct {
	what string
	do   func() error
	sees map[string]string // by the organization's slug
	told string            // live to them
}

func TestWhateverStripeTellsIsSeenByTheAdminAndToldLive(t *testing.T) {
	t.Parallel()
	s := sells(t, "BILLING_GRACE=24h")
	s.stripe.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Reordered: true}})
	people, heard := map[string]*person{}, map[string]*heard{}
	for _, slug := range []string{"card", "renewed", "late", "trial", "gone", "comes", "fails", "visitor"} {
		p := s.person(slug, "OWNER")
		people[slug] = p
		session := p.checkout()
		switch slug {
		case "trial":
			_, err := s.stripe.Subscribe(s.customer(p), "price_pm", 14)
			s.done(err)
		case "comes", "fails":
			s.done(s.stripe.PayByBank(session))
		case "visitor":
			continue
		default:
			s.done(s.stripe.Pay(session))
		}
		p.gets("PRO", "")
		heard[slug] = p.hears()
	}
	for _, next := range s.turns(people) {
		if err := next.do(); err != nil {
			t.Fatalf("%s: %v", next.what, err)
		}
		for slug, want := range next.sees {
			p, last := people[slug], ""
			if !holdsSoon(func() bool { last = p.bills(); return strings.Contains(last, want) }) {
				t.Fatalf("%s: %s sees %q, want %q", next.what, slug, last, want)
			}
			if next.told != "" && !holdsSoon(func() bool { return heard[slug].has(next.told) }) {
				t.Errorf("%s: %s was not told %q", next.what, slug, next.told)
			}
		}
	}
	s.handled()
	s.wantEveryType(t, billing.Webhooks())

	before, all := map[string]string{}, []string{}
	for slug, p := range people {
		before[slug] = p.bills()
	}
	for _, e := range s.stripe.Events() {
		all = append(all, e.ID)
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	s.resends(all) // once more, weeks after it was made
	for slug, p := range people {
		if after := p.bills(); after != before[slug] {
			t.Errorf("after all of it once more %s sees %q, before %q", slug, after, before[slug])
		}
	}
}

// turns are what happens, one after the other.
func (s *shop) turns(people map[string]*person) []turn {
	card, late := people["card"], people["late"]
	sees := func(slug, what string) map[string]string { return map[string]string{slug: what} }
	return []turn{
		{"a pause", func() error { return s.stripe.Pause(s.subscription(card)) }, sees("card", "plan=FREE status=PAUSED"), "The plan went from PRO to FREE."},
		{"its end", func() error { return s.stripe.Resume(s.subscription(card)) }, sees("card", "plan=PRO status=ACTIVE"), "The plan went from FREE to PRO."},
		{"a new card of the network", func() error { return s.stripe.Renew(s.customer(card), false) }, sees("card", " card:2039* "), ""},
		{"a new address of the card", func() error { return s.stripe.Renew(s.customer(card), true) }, sees("card", " card:2044* "), ""},
		{"one more card", func() error { s.stripe.Advance(time.Second); return s.stripe.Attach(s.customer(card)) }, sees("card", " card:2034 card:2044* "), ""},
		{"the first one taken away", func() error { return s.portal(card, "detach", s.card(card, "ASC")) }, sees("card", "ACTIVE card:2034 PAID"), ""},
		{"the other made the default", func() error { return s.portal(card, "default", s.card(card, "DESC")) }, sees("card", "ACTIVE card:2034* PAID"), ""},
		{"a dispute", func() error { return s.stripe.Dispute(s.bill(card)) }, sees("card", "alerts=dispute"), ""},
		{"a refund", func() error { return s.stripe.Refund(s.bill(card)) }, sees("card", "alerts=dispute,refund"), ""},
		{"a deleted customer", func() error { return s.stripe.DeleteCustomer(s.customer(people["gone"])) }, sees("gone", "plan=FREE status=CANCELED PAID:49.00 alerts=customer_deleted"), "The plan went from PRO to FREE."},
		{"money that comes", func() error { return s.stripe.Arrive(s.paying(people["comes"]), true) }, sees("comes", "plan=PRO status=ACTIVE us_bank_account:0* PAID:49.00 alerts="), ""},
		{"money that does not", func() error { return s.stripe.Arrive(s.paying(people["fails"]), false) }, sees("fails", "plan=FREE status=PAST_DUE us_bank_account:0* OPEN:0.00 alerts=payment_failed,payment_missed"), "The plan went from PRO to FREE."},
		{"it is paid by hand", func() error { return s.stripe.PayInvoice(s.bill(people["fails"])) }, sees("fails", "plan=PRO status=ACTIVE"), "The plan went from FREE to PRO."},
		{"a month", func() error {
			if err := s.stripe.Bank(s.customer(card), false, true); err != nil {
				return err
			}
			err := s.stripe.Bank(s.customer(late), true, false)
			s.stripe.Advance(32 * day)
			return err
		}, map[string]string{
			"renewed": "plan=PRO status=ACTIVE card:2034* PAID:49.00 PAID:49.00 alerts=",
			"trial":   "plan=PRO status=ACTIVE card:2034* PAID:49.00 PAID:0.00 alerts=trial_ending",
			"card":    "plan=FREE status=PAST_DUE card:2034* OPEN:0.00 PAID:49.00 alerts=action_required,dispute,payment_missed,refund",
			"late":    "plan=FREE status=PAST_DUE card:2034* OPEN:0.00 PAID:49.00 alerts=payment_missed",
		}, ""},
		{"a bill declared void", func() error { return s.stripe.VoidInvoice(s.bill(card)) }, sees("card", " VOID:0.00 PAID:49.00 "), ""},
		{"a bill given up", func() error { return s.stripe.WriteOff(s.bill(late)) }, sees("late", " UNCOLLECTIBLE:0.00 PAID:49.00 "), ""},
		{"its end", func() error { return s.stripe.Cancel(s.subscription(late)) }, sees("late", "plan=FREE status=CANCELED"), "The subscription to FREE is CANCELED."},
	}
}

// paying is a checkout whose money is on its way.
func (s *shop) paying(p *person) (session string) {
	s.t.Helper()
	s.scan(&session, "SELECT session_id FROM switchboard.billing_operations WHERE organization_id = $1 AND kind = 'CHECKOUT'", p.organization.UUID)
	return session
}

// holdsSoon is eventually for who says more than that it was in vain.
func holdsSoon(holds func() bool) bool {
	late := time.After(patience)
	looks := time.NewTicker(20 * time.Millisecond)
	defer looks.Stop()
	for !holds() {
		select {
		case <-looks.C:
		case <-late:
			return false
		}
	}
	return true
}

func TestAnyOrderOfTheSameEventsEndsInTheSameRowsForEveryOrganization(t *testing.T) {
	t.Parallel()
	s := sells(t, "BILLING_GRACE=24h")
	s.stripe.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: true}}) // each is sent by the test, in an order of its own
	const organizations = 3
	people, customers, sessions := make([]*person, organizations), make([]string, organizations), make([]string, organizations)
	for i := range people {
		people[i] = s.person(fmt.Sprintf("alike-%d", i), "OWNER")
		sessions[i] = people[i].checkout()
		customers[i] = s.customer(people[i])
	}
	each := func(do func(i int) error) func() {
		return func() {
			for i := range people {
				s.done(do(i))
			}
		}
	}
	for step, live := range []func(){
		each(func(i int) error { return s.stripe.Decline(sessions[i]) }),
		each(func(i int) error { return s.stripe.Pay(sessions[i]) }),
		func() { s.stripe.Advance(31 * day) },
		each(func(i int) error { return s.stripe.Bank(customers[i], true, false) }),
		func() { s.stripe.Advance(31 * day) },
		each(func(i int) error { return s.stripe.Bank(customers[i], false, false) }),
		func() { s.stripe.Advance(4 * day) },
		each(func(i int) error { return s.stripe.Attach(customers[i]) }),
		each(func(i int) error { return s.stripe.Pause(s.stripe.SubscriptionOf(customers[i])) }),
		each(func(i int) error { return s.stripe.Resume(s.stripe.SubscriptionOf(customers[i])) }),
		each(func(i int) error { return s.stripe.Cancel(s.stripe.SubscriptionOf(customers[i])) }),
	} {
		live()
		if step%3 == 1 {
			s.tellsSome(customers, false)
		}
	}
	s.tellsSome(customers, true)
	first := people[0].bills()
	for _, p := range people {
		if got := p.bills(); got != first {
			t.Errorf("%s ends with %q, the first with %q", p.slug, got, first)
		}
	}
	if !strings.HasPrefix(first, "plan=FREE status=CANCELED ") || strings.Count(first, "PAID:49.00") != 3 {
		t.Errorf("all end with %q", first)
	}
}

// tellsSome sends each organization its events: the first in order and once, the others shuffled and some of them
// twice; all of them, or a part.
func (s *shop) tellsSome(customers []string, all bool) {
	s.t.Helper()
	var due []string
	for i, customer := range customers {
		var mine []string
		for _, e := range s.stripe.Events() {
			if e.Customer == customer {
				mine = append(mine, e.ID)
			}
		}
		if i > 0 {
			for _, id := range slices.Clone(mine) {
				if rand.IntN(3) == 0 {
					mine = append(mine, id)
				}
			}
			rand.Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
		}
		if !all {
			mine = mine[:rand.IntN(len(mine)/2+1)]
		}
		due = append(due, mine...)
	}
	s.resends(due)
}

func TestEventsOfUnknownCustomersAreTakenAndEndWhereSomebodyLooks(t *testing.T) {
	t.Parallel()
	s := sells(t)
	p := s.person("ours", "OWNER")
	before := p.bills()
	knock := func(id, kind, object string) {
		t.Helper()
		body := fmt.Sprintf(`{"id":%q,"object":"event","api_version":"2023-10-16","created":1700000000,"type":%q,"data":{"object":%s}}`, id, kind, object)
		request, err := http.NewRequestWithContext(within(t), http.MethodPost, s.url+"/api/webhooks/stripe", strings.NewReader(body))
		s.done(err)
		request.Header.Set("Stripe-Signature", fake.Sign([]byte(body), time.Now(), s.secret))
		response, err := http.DefaultClient.Do(request)
		s.done(err)
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", kind, response.StatusCode)
		}
	}
	knock("evt_card", "customer.updated", `{"id":"cus_stranger","object":"customer"}`)
	knock("evt_price", "price.created", `{"id":"price_x","object":"price"}`)
	knock("evt_over", "customer.subscription.deleted", `{"id":"sub_x","object":"subscription","customer":"cus_stranger"}`)
	s.handled()
	knock("evt_paid", "customer.subscription.updated", `{"id":"sub_x","object":"subscription","customer":"cus_stranger"}`)
	s.exec("UPDATE switchboard.webhook_events SET received_at = received_at - interval '2 minutes'") // it waits so long for its customer to be noted
	eventually(t, "the one that somebody pays for to be put aside", func() bool {
		return s.rows("SELECT count(*) FROM switchboard.webhook_events WHERE status = 'FAILED'") == 1
	})
	if out := s.inbox("list", "--json"); !strings.Contains(out, "cus_stranger: no organization has this customer") {
		t.Errorf("the operator reads: %s", out)
	}
	if after := p.bills(); after != before {
		t.Errorf("%q, before %q", after, before)
	}
}

package billing

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/ids"
)

// dump is everything of the mirror that Stripe says: no row of it may depend on how we came to know.
const dump = `SELECT concat_ws(E'\n',
	(SELECT string_agg(to_jsonb(s)::text, E'\n' ORDER BY stripe_id) FROM switchboard.billing_subscriptions s),
	(SELECT string_agg(to_jsonb(i)::text, E'\n' ORDER BY stripe_id) FROM switchboard.billing_invoices i),
	(SELECT string_agg(to_jsonb(m)::text, E'\n' ORDER BY stripe_id) FROM switchboard.billing_payment_methods m),
	(SELECT string_agg(concat_ws(' ', id, organization_id, deleted_at IS NULL), E'\n' ORDER BY id) FROM switchboard.billing_customers),
	(SELECT string_agg(concat_ws(' ', organization_id, plan, tier, status, grace_until IS NULL), E'\n') FROM switchboard.billing_accounts))`

func (h *house) dump() (text string) {
	h.t.Helper()
	if err := h.store.Pool().QueryRow(h.t.Context(), dump).Scan(&text); err != nil {
		h.t.Fatal(err)
	}
	return text
}

// listener is a house that hears a life's webhooks in an order of its own, some of them twice.
type listener struct {
	*house
	random *rand.Rand
	heard  int // of the world's webhooks, in its order
	due    []Knock
}

// hears takes what came and does a part of it, several at a time.
func (l *listener) hears(all []Knock, most int) {
	for _, k := range all[l.heard:] {
		l.due = append(l.due, k)
		if l.random.IntN(3) == 0 {
			l.due = append(l.due, k)
		}
	}
	l.heard = len(all)
	l.random.Shuffle(len(l.due), func(i, j int) { l.due[i], l.due[j] = l.due[j], l.due[i] })
	n := len(l.due)
	if most >= 0 {
		n = min(n, l.random.IntN(most+1))
	}
	part := slices.Clone(l.due[:n])
	l.due = l.due[n:]
	var group sync.WaitGroup
	for lane := range 2 {
		group.Go(func() {
			for i := lane; i < len(part); i += 2 {
				if err := l.takes(part[i]); err != nil {
					l.t.Errorf("taking %.120s: %v", part[i].Body, err)
				}
			}
		})
	}
	group.Wait()
}

func TestAnyOrderOfASubscriptionsLifeEndsInTheSameRows(t *testing.T) {
	t.Parallel()
	const month = 31 * 24 * time.Hour
	w, home := newWorld(t), ids.New(ids.Organization)
	buyer := open(t, w, home)
	var listeners []*listener
	for i := range 4 {
		listeners = append(listeners, &listener{house: open(t, w, home), random: rand.New(rand.NewPCG(7, uint64(i)))})
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var bought, customer string
	for step, act := range []func(){
		func() { bought = buyer.checkout(Pro, "first") },
		func() { must(w.Decline(bought)) },
		func() { must(w.Pay(bought)); customer = buyer.customer() },
		func() { w.Advance(month) },
		func() { must(w.Bank(customer, true, false)) },
		func() { w.Advance(month) },
		func() { must(w.Bank(customer, false, false)) },
		func() { w.Advance(4 * 24 * time.Hour) },
		func() {
			buyer.takesAll(w.knocks(t))
			_, err := buyer.Change(t.Context(), buyer.viewer, ChangeInput{OrganizationID: home, PriceID: priceID(Business, Month), IdempotencyKey: "up"})
			must(err)
		},
		func() { _, err := buyer.Cancel(t.Context(), buyer.viewer, home, true); must(err) },
		func() { _, err := buyer.Resume(t.Context(), buyer.viewer, home); must(err) },
		func() { _, err := buyer.Cancel(t.Context(), buyer.viewer, home, true); must(err) },
		func() { w.Advance(month) },
	} {
		act()
		all := w.knocks(t)
		for _, l := range listeners {
			l.hears(all, 3+step)
		}
	}
	all := w.knocks(t)
	buyer.takesAll(all)
	want := buyer.dump()
	for i, l := range listeners {
		l.hears(all, -1)
		l.due = slices.Clone(all) // and all of it once more, days later
		l.hears(all, -1)
		if got := l.dump(); got != want {
			t.Errorf("listener %d has\n%s\nwant\n%s", i, got, want)
		}
	}
	if n := buyer.number("SELECT count(*) FROM switchboard.billing_subscriptions WHERE status = 'CANCELED'"); n != 1 || buyer.plan() != Free {
		t.Errorf("at the end %d are canceled, and the plan is %s", n, buyer.plan())
	}
	if n := buyer.number("SELECT count(*) FROM switchboard.billing_invoices"); n < 4 {
		t.Errorf("%d invoices", n)
	}
}

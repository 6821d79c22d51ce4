package test

import (
	"strings"
	"sync"
	"testing"
)

// buyersAtOnce is more than the turns that wait for each other.
const buyersAtOnce = 6

func TestManyBuyersAtOnceGetOneSubscriptionAndWhatStripeSellsBesideItIsEndedAloud(t *testing.T) {
	t.Parallel()
	s := sells(t)
	p := s.person("ours", "OWNER")
	price, err := p.PriceOf(within(t), "PRO", "MONTH")
	if err != nil {
		t.Fatal(err)
	}
	var buyers sync.WaitGroup
	for range buyersAtOnce {
		buyers.Go(func() { // some are told to come again, as another one's page is being opened
			if page, err := p.Checkout(within(t), p.organization.String(), price, "/settings"); err == nil {
				_ = s.stripe.Pay(sessionOf(page)) // a page that another one has replaced cannot be paid
			}
		})
	}
	buyers.Wait()
	for _, open := range s.stripe.OpenSessions() {
		_ = s.stripe.Pay(open)
	}
	p.gets("PRO", "ACTIVE")
	s.handled()
	eventually(t, "one subscription to be left", func() bool { return len(s.stripe.Subscriptions()) == 1 })
	s.wantOnce(1)

	customer, ours := s.stripe.Customers()[0], s.stripe.Subscriptions()[0]
	_, err = s.stripe.Subscribe(customer, "price_bm", 0)
	s.done(err)
	eventually(t, "the second to be ended and told", func() bool {
		return len(s.stripe.Subscriptions()) == 1 && strings.Contains(p.bills(), "second_subscription")
	})
	if left := s.stripe.Subscriptions()[0]; left != ours {
		t.Errorf("%s is left, %s was there before", left, ours)
	}
	p.gets("PRO", "ACTIVE")

	s.done(s.stripe.Cancel(ours))
	p.gets("FREE", "CANCELED")
	_, err = s.stripe.Subscribe(customer, "price_other", 0)
	s.done(err)
	eventually(t, "a price that nobody configured to be told", func() bool { return strings.Contains(p.bills(), "unknown_price") })
	p.gets("FREE", "")
}

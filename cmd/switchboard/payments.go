package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/stripe"
)

// payments starts the local Stripe where no key for the real one is set.
func (d *dev) payments() (stop func(), err error) {
	if d.config.StripeKey != "" {
		d.say("payments go to %s", d.config.StripeBaseURL)
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the local payment service's port: %w", err)
	}
	base := "http://" + listener.Addr().String()
	secret := "whsec_" + rand.Text()
	d.left.StripeURL = base
	d.sell(base, d.left.StripeKey, secret)
	api := stripe.New(stripe.Config{
		Key: d.left.StripeKey, BaseURL: base, Prices: d.goods(), Control: true, Keep: filepath.Join(d.config.Home, "stripe.json"),
	})
	if err := api.Load(); err != nil {
		return nil, errors.Join(err, api.Close(context.Background()), listener.Close())
	}
	api.Notify(stripe.Endpoint{URL: "http://127.0.0.1:" + strconv.Itoa(d.config.Port) + "/api/webhooks/stripe", Secrets: []string{secret}})
	d.places = append(d.places, place{"Payments", base, "stands in for Stripe: no money moves"})
	return serveLocal(listener, api, 5*time.Second), nil // a webhook on its way is given up
}

// sell configures what somebody with an account at Stripe would.
func (d *dev) sell(base, key, secret string) {
	c := &d.config
	c.StripeBaseURL, c.StripeKey, c.StripeWebhookSecrets = base, key, []string{secret}
	c.StripePriceProMonthly, c.StripePriceProYearly = "price_pro_monthly", "price_pro_yearly"
	c.StripePriceBusinessMonthly, c.StripePriceBusinessYearly = "price_business_monthly", "price_business_yearly"
	c.StripePriceEnterpriseMonthly, c.StripePriceEnterpriseYearly = "price_enterprise_monthly", "price_enterprise_yearly"
}

// goods are the prices of the local service; a year costs ten months.
func (d *dev) goods() []stripe.Price {
	monthly := map[string]int64{"PRO": 49_00, "BUSINESS": 199_00, "ENTERPRISE": 999_00}
	names := map[string]string{"PRO": "Pro", "BUSINESS": "Business", "ENTERPRISE": "Enterprise"}
	var all []stripe.Price
	for _, p := range d.config.Prices() {
		price := stripe.Price{ID: p.ID, Product: names[p.Tier], Amount: monthly[p.Tier], Currency: "usd", Interval: "month"}
		if p.Interval == "YEAR" {
			price.Interval, price.Amount = "year", 10*price.Amount
		}
		all = append(all, price)
	}
	return all
}

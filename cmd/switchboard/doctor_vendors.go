package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/httpserver"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// vendorChecks are for what is configured only: nobody has to sell plans or make calls.
func vendorChecks(c config.Config) (list []check) {
	if c.SellsPlans() {
		list = append(list, check{"prices at Stripe", checkPrices}, check{"webhook endpoint at Stripe", checkEndpoint})
	}
	if c.Calls() {
		list = append(list, check{"telephone provider", checkTelephone})
	}
	return list
}

func shopOf(c config.Config) *stripe.Client {
	return stripe.New(stripe.Config{BaseURL: c.StripeBaseURL, Key: c.StripeKey})
}

// checkPrices asks for each price that is configured. The first refusal of the key is told once.
func checkPrices(ctx context.Context, c config.Config) error {
	vendor := shopOf(c)
	var wrong []error
	for _, p := range c.Prices() {
		said, err := vendor.Price(ctx, p.ID)
		switch {
		case stripe.NotFound(err):
			wrong = append(wrong, fmt.Errorf("%s names no price in the account and mode of STRIPE_SECRET_KEY", p.Name))
		case err != nil:
			return err
		case !said.Active:
			wrong = append(wrong, fmt.Errorf("%s is archived: nobody can buy it", p.Name))
		case !strings.EqualFold(said.Interval, p.Interval) || said.IntervalCount != 1:
			wrong = append(wrong, fmt.Errorf("%s is not paid once a %s", p.Name, strings.ToLower(p.Interval)))
		}
	}
	return errors.Join(wrong...)
}

// checkEndpoint looks whether Stripe tells us all that we want to hear.
func checkEndpoint(ctx context.Context, c config.Config) error {
	all, err := shopOf(c).Endpoints(ctx)
	if err != nil {
		return fmt.Errorf("%w (a restricted key needs to read webhook endpoints for this)", err)
	}
	address := c.PublicURL() + httpserver.WebhookPath + "stripe"
	i := slices.IndexFunc(all, func(e stripe.Endpoint) bool { return e.URL == address })
	switch {
	case i < 0:
		return fmt.Errorf("none of them sends to %s: see docs/billing.md", address)
	case !all[i].Enabled:
		return errors.New("it is disabled: enable it in Stripe's dashboard")
	case slices.Contains(all[i].Events, "*"):
		return nil
	}
	missing := slices.DeleteFunc(billing.Webhooks(), func(name string) bool { return slices.Contains(all[i].Events, name) })
	if len(missing) > 0 {
		return fmt.Errorf("it does not send %s", strings.Join(missing, ", "))
	}
	return nil
}

// checkTelephone asks whether the account lets us in, and whether the common number is its own.
func checkTelephone(ctx context.Context, c config.Config) error {
	vendor := signalwire.New(signalwire.Config{BaseURL: c.SignalWireBaseURL(), ProjectID: c.SignalWireProjectID, Token: c.SignalWireKey()})
	if err := vendor.Reach(ctx); err != nil || c.SignalWireNumber == "" {
		return err
	}
	owned, err := vendor.Owns(ctx, c.SignalWireNumber)
	if err != nil {
		return fmt.Errorf("%w (the token needs the scope Numbers for this)", err)
	}
	if !owned {
		return fmt.Errorf("SIGNALWIRE_NUMBER %s is none of the project's numbers", c.SignalWireNumber)
	}
	return nil
}

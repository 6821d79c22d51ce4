package config

import (
	"errors"
	"strings"
	"testing"
)

// selling is what a service needs to sell plans.
func selling(changes ...string) map[string]string {
	return with(append([]string{
		"STRIPE_SECRET_KEY=sk_live_5f2b9c7e1d", "STRIPE_WEBHOOK_SECRET=whsec_nR4vK8xT2mZq7wLc,whsec_Jb5yHs9dPf3gEaQ1", "STRIPE_PRICE_PRO_MONTHLY=price_1", "STRIPE_PRICE_PRO_YEARLY=price_2",
		"STRIPE_PRICE_BUSINESS_MONTHLY=price_3", "STRIPE_PRICE_BUSINESS_YEARLY=price_4", "STRIPE_PRICE_ENTERPRISE_MONTHLY=price_5", "STRIPE_PRICE_ENTERPRISE_YEARLY=price_6",
	}, changes...)...)
}

func TestASellingServiceStartsWithoutAWarningAndKnowsItsPrices(t *testing.T) {
	t.Parallel()
	c := load(t, selling())
	if err := c.Check(); err != nil || len(c.Warnings()) != 0 {
		t.Errorf("%v, %v", err, c.Warnings())
	}
	if prices := c.Prices(); len(prices) != 6 || prices[3].Tier != "BUSINESS" || prices[3].Interval != "YEAR" || prices[3].ID != "price_4" || !c.SellsPlans() {
		t.Errorf("%+v", prices)
	}
	if warnings := load(t, selling("STRIPE_PRICE_PRO_YEARLY=")).Warnings(); len(warnings) != 1 || !strings.Contains(warnings[0], "STRIPE_PRICE_") {
		t.Errorf("one price is missing: %v", warnings)
	}
	if c := load(t, good()); c.SellsPlans() || c.PlanWithoutStripe != "ENTERPRISE" || c.PlanLimits()["FREE"]["TRANSCRIPTIONS"] != 50 || len(c.PlanLimits()["ENTERPRISE"]) != 0 {
		t.Errorf("without Stripe: %+v", c.Billing)
	}
}

func TestServeRefusesToSellHalfOrUnsafely(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"STRIPE_SECRET_KEY=":                        "STRIPE_SECRET_KEY is missing",
		"STRIPE_SECRET_KEY=pk_live_5f2b9c7e1d":      "STRIPE_SECRET_KEY is no secret key",
		"STRIPE_WEBHOOK_SECRET=":                    "STRIPE_WEBHOOK_SECRET is missing",
		"STRIPE_WEBHOOK_SECRET=whsec_1":             "STRIPE_WEBHOOK_SECRET is shorter than 16",
		"STRIPE_BASE_URL=http://stripe.example.com": "STRIPE_BASE_URL must begin with https://",
	} {
		var problems Problems
		if err := load(t, selling(change)).Check(); !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0], want) {
			t.Errorf("%s: %v, want just %q", change, err, want)
		}
	}
	for change, want := range map[string]string{
		"STRIPE_PRICE_PRO_YEARLY=price_1":         "are the same price",
		"STRIPE_BASE_URL=stripe":                  "STRIPE_BASE_URL must be a web address",
		"BILLING_PLAN=GOLD":                       "BILLING_PLAN must be one of",
		"BILLING_GRACE=-1s":                       "BILLING_GRACE must be 0",
		"BILLING_RECONCILE_EVERY=0s":              "BILLING_RECONCILE_EVERY must be at least",
		"BILLING_LIMITS_PRO=TRANSCRIPTIONS":       "BILLING_LIMITS_PRO must be a comma list",
		"BILLING_LIMITS_PRO=TRANSCRIPTIONS=-1":    "BILLING_LIMITS_PRO must be a comma list",
		"BILLING_LIMITS_PRO=EMAILS=5":             "BILLING_LIMITS_PRO must be a comma list",
		"BILLING_LIMITS_PRO=CALLS=99999999999999": "BILLING_LIMITS_PRO must be a comma list",
	} {
		if _, err := Load(selling(change)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", change, err, want)
		}
	}
}

package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Billing is what Stripe sells for us, and what a plan is worth.
type Billing struct {
	StripeKey            string   `env:"STRIPE_SECRET_KEY"`
	StripeWebhookSecrets []string `env:"STRIPE_WEBHOOK_SECRET"` // all are accepted
	StripeBaseURL        string   `env:"STRIPE_BASE_URL" envDefault:"https://api.stripe.com"`

	StripePriceProMonthly        string `env:"STRIPE_PRICE_PRO_MONTHLY"`
	StripePriceProYearly         string `env:"STRIPE_PRICE_PRO_YEARLY"`
	StripePriceBusinessMonthly   string `env:"STRIPE_PRICE_BUSINESS_MONTHLY"`
	StripePriceBusinessYearly    string `env:"STRIPE_PRICE_BUSINESS_YEARLY"`
	StripePriceEnterpriseMonthly string `env:"STRIPE_PRICE_ENTERPRISE_MONTHLY"`
	StripePriceEnterpriseYearly  string `env:"STRIPE_PRICE_ENTERPRISE_YEARLY"`

	PlanWithoutStripe Tier             `env:"BILLING_PLAN" envDefault:"ENTERPRISE"`
	BillingGrace      time.Duration    `env:"BILLING_GRACE" envDefault:"168h"`
	BillingCompare    time.Duration    `env:"BILLING_RECONCILE_EVERY" envDefault:"24h"`
	LimitsFree        map[Metric]int64 `env:"BILLING_LIMITS_FREE" envDefault:"CALLS=100,MINUTES=500,TRANSCRIPTIONS=50,SPEECH_CHARACTERS=10000"`
	LimitsPro         map[Metric]int64 `env:"BILLING_LIMITS_PRO" envDefault:"CALLS=500,MINUTES=5000,TRANSCRIPTIONS=500,SPEECH_CHARACTERS=500000"`
	LimitsBusiness    map[Metric]int64 `env:"BILLING_LIMITS_BUSINESS" envDefault:"CALLS=2000,MINUTES=20000,TRANSCRIPTIONS=2000,SPEECH_CHARACTERS=2000000"`
	LimitsEnterprise  map[Metric]int64 `env:"BILLING_LIMITS_ENTERPRISE"`
}

// Tier names a plan.
type Tier string

// Metric is something that is counted.
type Metric string

// leastCompare keeps the comparison with Stripe from following itself.
const leastCompare = time.Second

// SellsPlans says whether Stripe decides who is on which plan.
func (b Billing) SellsPlans() bool { return b.StripeKey != "" }

// Price is one price at Stripe and the variable that it came from.
type Price struct{ Name, Tier, Interval, ID string }

// Prices are those that are configured.
func (b Billing) Prices() []Price {
	all := []Price{
		{"STRIPE_PRICE_PRO_MONTHLY", "PRO", "MONTH", b.StripePriceProMonthly},
		{"STRIPE_PRICE_PRO_YEARLY", "PRO", "YEAR", b.StripePriceProYearly},
		{"STRIPE_PRICE_BUSINESS_MONTHLY", "BUSINESS", "MONTH", b.StripePriceBusinessMonthly},
		{"STRIPE_PRICE_BUSINESS_YEARLY", "BUSINESS", "YEAR", b.StripePriceBusinessYearly},
		{"STRIPE_PRICE_ENTERPRISE_MONTHLY", "ENTERPRISE", "MONTH", b.StripePriceEnterpriseMonthly},
		{"STRIPE_PRICE_ENTERPRISE_YEARLY", "ENTERPRISE", "YEAR", b.StripePriceEnterpriseYearly},
	}
	return slices.DeleteFunc(all, func(p Price) bool { return p.ID == "" })
}

// PlanLimits are those of each plan; what is not there is unlimited.
func (b Billing) PlanLimits() map[Tier]map[Metric]int64 {
	return map[Tier]map[Metric]int64{"FREE": b.LimitsFree, "PRO": b.LimitsPro, "BUSINESS": b.LimitsBusiness, "ENTERPRISE": b.LimitsEnterprise}
}

// malformedBilling finds what nothing could work with.
func (b Billing) malformedBilling(problems *Problems) {
	seen := map[string]string{}
	for _, p := range b.Prices() {
		if other := seen[p.ID]; other != "" {
			problems.add("%s and %s are the same price: a plan could not be told from it.", other, p.Name)
		}
		seen[p.ID] = p.Name
	}
	if _, ok := webAddress(b.StripeBaseURL); !ok {
		problems.add("STRIPE_BASE_URL must be a web address, e.g. https://api.stripe.com.")
	}
	if b.BillingGrace < 0 {
		problems.add("BILLING_GRACE must be 0, for none, or above.")
	}
	if b.BillingCompare < leastCompare {
		problems.add("BILLING_RECONCILE_EVERY must be at least %s.", leastCompare)
	}
}

// checkBilling says what forbids to sell. Without STRIPE_SECRET_KEY nothing is sold, which is allowed.
func (b Billing) checkBilling(problems *Problems) {
	if insecure(b.StripeBaseURL) {
		problems.add("STRIPE_BASE_URL must begin with https://: the secret key goes there.")
	}
	if !b.SellsPlans() {
		if len(b.Prices()) > 0 || len(b.StripeWebhookSecrets) > 0 {
			problems.add("STRIPE_SECRET_KEY is missing: without it the other STRIPE_ variables do nothing.")
		}
		return
	}
	if wellKnown(b.StripeKey) || strings.HasPrefix(b.StripeKey, "pk_") {
		problems.add("STRIPE_SECRET_KEY is no secret key.")
	}
	if len(b.StripeWebhookSecrets) == 0 {
		problems.add("STRIPE_WEBHOOK_SECRET is missing: without it anybody could send webhooks.")
	}
	for _, value := range b.StripeWebhookSecrets {
		secret{"STRIPE_WEBHOOK_SECRET", value}.check(problems, minWebhookSecret)
	}
	if len(b.Prices()) == 0 {
		problems.add("STRIPE_PRICE_PRO_MONTHLY, or another of the prices, is missing: there would be nothing to buy.")
	}
}

func tiers() []Tier { return []Tier{"FREE", "PRO", "BUSINESS", "ENTERPRISE"} }

func metrics() []Metric { return []Metric{"CALLS", "MINUTES", "TRANSCRIPTIONS", "SPEECH_CHARACTERS"} }

// billingParsers read this file's types.
func billingParsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[Tier]():             tier,
		reflect.TypeFor[map[Metric]int64](): planLimits,
	}
}

func tier(value string) (any, error) {
	if word := Tier(strings.ToUpper(value)); slices.Contains(tiers(), word) {
		return word, nil
	}
	return nil, want(fmt.Sprintf("one of %v", tiers()))
}

func planLimits(value string) (any, error) {
	all := map[Metric]int64{}
	for _, part := range list(value) {
		word, number, _ := strings.Cut(part, "=")
		most, err := strconv.ParseInt(number, 10, 32) // GraphQL shows it as an Int
		if metric := Metric(strings.ToUpper(word)); err == nil && most >= 0 && slices.Contains(metrics(), metric) {
			all[metric] = most
			continue
		}
		return nil, want(fmt.Sprintf("a comma list of limits, e.g. TRANSCRIPTIONS=50, of %v; what is left out is unlimited", metrics()))
	}
	return all, nil
}

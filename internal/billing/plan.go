package billing

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/ids"
)

// Tier names a plan.
type Tier string

// All there are, from the smallest to the largest.
const (
	Free       Tier = "FREE"
	Pro        Tier = "PRO"
	Business   Tier = "BUSINESS"
	Enterprise Tier = "ENTERPRISE"
)

// Tiers are all of them, in order.
func Tiers() []Tier { return []Tier{Free, Pro, Business, Enterprise} }

// Name is how a page calls the plan.
func (t Tier) Name() string { return string(t[:1]) + lower(string(t[1:])) }

func lower(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] |= 0x20 // capitals of ASCII, as all tiers are
	}
	return string(b)
}

// Interval is how often a price is paid.
type Interval string

// What we sell.
const (
	Month Interval = "MONTH"
	Year  Interval = "YEAR"
)

// Metric is something that is counted.
type Metric string

// All there are.
const (
	Calls            Metric = "CALLS"
	Minutes          Metric = "MINUTES"
	Transcriptions   Metric = "TRANSCRIPTIONS"
	SpeechCharacters Metric = "SPEECH_CHARACTERS"
)

// Metrics are all of them.
func Metrics() []Metric { return []Metric{Calls, Minutes, Transcriptions, SpeechCharacters} }

// Sold is one price of one plan.
type Sold struct {
	Tier     Tier
	Interval Interval
	StripeID string
}

// ID is ours: the same whatever the price is called at Stripe, in the test mode and in the live one.
func (s Sold) ID() ids.ID {
	return ids.Of(ids.Price, uuid.NewSHA1(uuid.NameSpaceURL, []byte("switchboard:price:"+string(s.Tier)+":"+string(s.Interval))))
}

// Rules say what follows from a subscription.
type Rules struct {
	// Fixed is everybody's plan where nothing is sold; empty: the subscription decides.
	Fixed  Tier
	Prices []Sold
	// Limits of a month; a metric that is not there is unlimited.
	Limits map[Tier]map[Metric]int64
	// Grace is how long a plan stays after a payment was due and did not come.
	Grace time.Duration
	Now   func() time.Time
}

// Plan is what can be used, and what that costs.
type Plan struct {
	Tier   Tier
	Name   string
	Prices []Price
	Limits []Limit
}

// Price is what a plan costs.
type Price struct {
	ID       ids.ID
	Interval Interval
	Price    *Money // nil until Stripe was asked
}

// Limit is how much of something a month has.
type Limit struct {
	Metric Metric
	Limit  *int64 // nil: unlimited
}

// price finds what is sold under our id.
func (r Rules) price(id ids.ID) (Sold, bool) {
	i := slices.IndexFunc(r.Prices, func(s Sold) bool { return s.ID() == id })
	if i < 0 {
		return Sold{}, false
	}
	return r.Prices[i], true
}

// tier is the plan that a price of Stripe's is for; nil when it is none of ours.
func (r Rules) tier(stripeID string) *string {
	i := slices.IndexFunc(r.Prices, func(s Sold) bool { return s.StripeID == stripeID })
	if i < 0 {
		return nil
	}
	tier := string(r.Prices[i].Tier)
	return &tier
}

// of says what an organization may use now. nil is one that never paid.
func (r Rules) of(account *db.BillingAccount) Tier {
	if r.Fixed != "" {
		return r.Fixed
	}
	if account == nil || account.Tier == nil || account.Status == nil {
		return Free
	}
	switch Status(*account.Status) {
	case Active, Trialing:
		return Tier(*account.Tier)
	case PastDue:
		if account.GraceUntil != nil && r.Now().Before(*account.GraceUntil) {
			return Tier(*account.Tier)
		}
	}
	return Free
}

// limit is what a plan has of something in a month; nil: unlimited.
func (r Rules) limit(tier Tier, metric Metric) *int64 {
	most, limited := r.Limits[tier][metric]
	if !limited {
		return nil
	}
	return &most
}

// lifts finds the smallest plan with room for so much; none when there is no such plan to be bought.
func (r Rules) lifts(metric Metric, wanted int64) (Tier, bool) {
	for _, tier := range Tiers() {
		sold := slices.ContainsFunc(r.Prices, func(s Sold) bool { return s.Tier == tier })
		if most := r.limit(tier, metric); sold && (most == nil || *most >= wanted) {
			return tier, true
		}
	}
	return "", false
}

// plan describes one; the amounts are what Stripe said last.
func (r Rules) plan(tier Tier, amounts map[string]Money) Plan {
	p := Plan{Tier: tier, Name: tier.Name(), Prices: []Price{}}
	for _, sold := range r.Prices {
		if sold.Tier != tier {
			continue
		}
		price := Price{ID: sold.ID(), Interval: sold.Interval}
		if m, known := amounts[sold.StripeID]; known {
			price.Price = &m
		}
		p.Prices = append(p.Prices, price)
	}
	for _, metric := range Metrics() {
		p.Limits = append(p.Limits, Limit{Metric: metric, Limit: r.limit(tier, metric)})
	}
	return p
}

package stripe

import "time"

const (
	incomplete = "incomplete"
	trialing   = "trialing"
	active     = "active"
	pastDue    = "past_due"
	canceled   = "canceled"
	paused     = "paused"
)

type subscription struct {
	id, item, customer   string
	price                *Price
	status               string
	method, invoice      string // where it is collected from; the latest bill
	metadata             map[string]string
	created, anchor      int64
	start, end           int64 // of the period
	trialStart, trialEnd int64
	cancelAtEnd          bool
	canceledAt, endedAt  int64
	warned               bool // of the end of the trial
	base                 string
}

func (b *subscription) object() object {
	items := []object{shaped("subscription_item", object{
		"id": b.item, "created": b.created, "subscription": b.id, "price": b.price.object(),
	})}
	o := shaped("subscription", object{
		"id": b.id, "customer": b.customer, "status": b.status, "created": b.created, "start_date": b.created, "billing_cycle_anchor": b.anchor,
		"current_period_start": b.start, "current_period_end": b.end, "trial_start": orNull(b.trialStart), "trial_end": orNull(b.trialEnd),
		"cancel_at_period_end": b.cancelAtEnd, "cancel_at": nil, "canceled_at": orNull(b.canceledAt), "ended_at": orNull(b.endedAt),
		"currency": b.price.Currency, "default_payment_method": orNull(b.method), "latest_invoice": orNull(b.invoice), "metadata": b.metadata,
		"items": listed("/v1/subscription_items?subscription="+b.id, items, false),
	})
	if b.cancelAtEnd {
		o["cancel_at"] = b.end
	}
	return o
}

// live is what can still be changed and renewed.
func (b *subscription) live() bool { return b.status != canceled && b.status != "incomplete_expired" }

// subscribe begins what a checkout has sold.
func (s *Server) subscribe(k *session, m *method) *subscription {
	now := s.now()
	b := &subscription{
		id: newID("sub"), item: newID("si"), customer: k.customer, price: k.price, status: incomplete, method: m.id, metadata: k.subscriptionWords,
		created: now, anchor: now, start: now, end: after(now, now, k.price.Interval), base: k.base,
	}
	if k.trialDays > 0 {
		b.status, b.trialStart, b.trialEnd = trialing, now, now+int64(k.trialDays)*day
		b.anchor, b.end = b.trialEnd, b.trialEnd
	}
	s.subscriptions = append(s.subscriptions, b)
	s.stats.Subscriptions++
	s.emit("customer.subscription.created", b.object(), nil)
	return b
}

// end is the last that happens to a subscription.
func (s *Server) end(b *subscription) {
	b.status, b.endedAt = canceled, s.now()
	if b.canceledAt == 0 {
		b.canceledAt = b.endedAt
	}
	for _, i := range s.invoices {
		if i.subscription == b.id {
			i.nextAttempt = 0 // nobody collects any more
		}
	}
	s.emit("customer.subscription.deleted", b.object(), nil)
}

func (s *Server) become(b *subscription, status string) {
	if b.status != status {
		s.changed("customer.subscription.updated", b, func() { b.status = status })
	}
}

func (s *Server) subscription(id string) *subscription {
	return find(s.subscriptions, func(b *subscription) bool { return b.id == id })
}

func (s *Server) getSubscription(c *call) (any, error) {
	b := s.subscription(c.PathValue("id"))
	if b == nil {
		return nil, missing(c, "subscription", "id", c.PathValue("id"))
	}
	return b.object(), nil
}

// listSubscriptions leaves out what is canceled, unless asked for all, like the vendor.
func (s *Server) listSubscriptions(c *call) (any, error) {
	if err := s.ofSomebody(c); err != nil {
		return nil, err
	}
	customer, status, price := c.get("customer"), c.get("status"), c.get("price")
	return page(c, "/v1/subscriptions", newest(s.subscriptions, func(b *subscription) bool {
		fits := b.status == status || status == "all" || status == "" && b.status != canceled
		return fits && (customer == "" || b.customer == customer) && (price == "" || b.price.ID == price)
	}))
}

func (s *Server) cancelSubscription(c *call) (any, error) {
	b := s.subscription(c.PathValue("id"))
	if b == nil || !b.live() {
		return nil, missing(c, "subscription", "id", c.PathValue("id"))
	}
	s.end(b)
	return b.object(), nil
}

const day = 24 * 3600

// after is one interval later, on the day of the month on which all began, or the last there is.
func after(start, anchor int64, interval string) int64 {
	from, wanted := time.Unix(start, 0).UTC(), time.Unix(anchor, 0).UTC().Day()
	months := 1
	if interval == "year" {
		months = 12
	}
	first := time.Date(from.Year(), from.Month()+time.Month(months), 1, from.Hour(), from.Minute(), from.Second(), 0, time.UTC)
	lastDay := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(wanted, lastDay)-1).Unix()
}

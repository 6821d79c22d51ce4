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
	ID, Item, Customer   string
	Price                *Price
	Status               string
	Method, Invoice      string // where it is collected from; the latest bill
	Metadata             map[string]string
	Created, Anchor      int64
	Start, End           int64 // of the period
	TrialStart, TrialEnd int64
	CancelAtEnd          bool
	CanceledAt, EndedAt  int64
	Warned               bool // of the end of the trial
	Base                 string
}

func (b *subscription) object() object {
	items := []object{shaped("subscription_item", object{
		"id": b.Item, "created": b.Created, "subscription": b.ID, "price": b.Price.object(),
	})}
	o := shaped("subscription", object{
		"id": b.ID, "customer": b.Customer, "status": b.Status, "created": b.Created, "start_date": b.Created, "billing_cycle_anchor": b.Anchor,
		"current_period_start": b.Start, "current_period_end": b.End, "trial_start": orNull(b.TrialStart), "trial_end": orNull(b.TrialEnd),
		"cancel_at_period_end": b.CancelAtEnd, "cancel_at": nil, "canceled_at": orNull(b.CanceledAt), "ended_at": orNull(b.EndedAt),
		"currency": b.Price.Currency, "default_payment_method": orNull(b.Method), "latest_invoice": orNull(b.Invoice), "metadata": b.Metadata,
		"items": listed("/v1/subscription_items?subscription="+b.ID, items, false),
	})
	if b.CancelAtEnd {
		o["cancel_at"] = b.End
	}
	return o
}

// live is what can still be changed and renewed.
func (b *subscription) live() bool { return b.Status != canceled && b.Status != "incomplete_expired" }

// subscribe begins what a checkout has sold.
func (s *Server) subscribe(k *session, m *method) *subscription {
	now := s.now()
	b := &subscription{
		ID: newID("sub"), Item: newID("si"), Customer: k.Customer, Price: k.Price, Status: incomplete, Method: m.ID, Metadata: k.SubscriptionWords,
		Created: now, Anchor: now, Start: now, End: after(now, now, k.Price.Interval), Base: k.Base,
	}
	if k.TrialDays > 0 {
		b.Status, b.TrialStart, b.TrialEnd = trialing, now, now+int64(k.TrialDays)*day
		b.Anchor, b.End = b.TrialEnd, b.TrialEnd
	}
	s.subscriptions = append(s.subscriptions, b)
	s.stats.Subscriptions++
	s.emit("customer.subscription.created", b.object(), nil)
	return b
}

// end is the last that happens to a subscription.
func (s *Server) end(b *subscription) {
	b.Status, b.EndedAt = canceled, s.now()
	if b.CanceledAt == 0 {
		b.CanceledAt = b.EndedAt
	}
	for _, i := range s.invoices {
		if i.Subscription == b.ID {
			i.NextAttempt = 0 // nobody collects any more
		}
	}
	s.emit("customer.subscription.deleted", b.object(), nil)
}

func (s *Server) become(b *subscription, status string) {
	if b.Status != status {
		s.changed("customer.subscription.updated", b, func() { b.Status = status })
	}
}

func (s *Server) subscription(id string) *subscription {
	return find(s.subscriptions, func(b *subscription) bool { return b.ID == id })
}

// SubscriptionOf is the one of a customer that lives; empty: there is none.
func (s *Server) SubscriptionOf(customer string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := find(s.subscriptions, func(b *subscription) bool { return b.Customer == customer && b.live() }); b != nil {
		return b.ID
	}
	return ""
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
		fits := b.Status == status || status == "all" || status == "" && b.Status != canceled
		return fits && (customer == "" || b.Customer == customer) && (price == "" || b.Price.ID == price)
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

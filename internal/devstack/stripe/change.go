package stripe

import (
	"maps"
	"strconv"
)

func (s *Server) updateSubscription(c *call) (any, error) {
	b := s.subscription(c.PathValue("id"))
	if b == nil {
		return nil, missing(c, "subscription", "id", c.PathValue("id"))
	}
	if !b.live() {
		return nil, bad("", "A canceled subscription can only update its cancellation_details and metadata.")
	}
	if wanted := c.get("items[0][price]"); wanted != "" {
		if err := s.changePrice(c, b, wanted); err != nil {
			return nil, err
		}
	}
	if end := c.get("cancel_at_period_end"); end != "" || len(c.group("metadata")) > 0 {
		s.changed("customer.subscription.updated", b, func() {
			maps.Copy(b.metadata, c.group("metadata"))
			if end == "" || b.cancelAtEnd == (end == "true") {
				return
			}
			b.cancelAtEnd, b.canceledAt = end == "true", 0
			if b.cancelAtEnd {
				b.canceledAt = s.now()
			}
		})
	}
	return b.object(), nil
}

// changePrice has the difference paid first: with error_if_incomplete, a card that is declined changes nothing.
func (s *Server) changePrice(c *call, b *subscription, wanted string) error {
	next := s.price(wanted)
	switch {
	case next == nil:
		return missing(c, "price", "items[0][price]", wanted)
	case c.get("items[0][id]") != b.item:
		return missing(c, "subscription item", "items[0][id]", c.get("items[0][id]"))
	case next.Currency != b.price.Currency:
		return bad("items[0][price]", "The price specified supports a currency that the subscription does not use.")
	}
	if behavior := c.get("proration_behavior"); behavior != "always_invoice" {
		return bad("proration_behavior", "The local service knows always_invoice only, not %q.", behavior)
	}
	when, err := s.prorationDate(b, c.get("proration_date"))
	if err != nil {
		return err
	}
	lines := b.moved(next, when)
	due := (&invoice{lines: lines}).total() + s.customer(b.customer).balance
	m := s.payer(b)
	if due > 0 && (m == nil || m.declines || m.needsAction) {
		return errDeclined
	}
	s.changed("customer.subscription.updated", b, func() {
		if b.status != trialing && next.Interval != b.price.Interval {
			b.start, b.anchor, b.end = when, when, after(when, when, next.Interval)
		}
		b.price = next
	})
	if len(lines) > 0 {
		s.collect(s.bill(b, "subscription_update", lines...), m)
	}
	return nil
}

// prorationDate is until when the old price is counted.
func (s *Server) prorationDate(b *subscription, given string) (int64, error) {
	if given == "" {
		return s.now(), nil
	}
	when, err := strconv.ParseInt(given, 10, 64)
	if err != nil || when < b.start || when > b.end {
		return 0, bad("subscription_proration_date", "Invalid subscription_proration_date: it must be within the current period.")
	}
	return when, nil
}

// moved are the lines of a change: what was not used is given back, what will be is charged. A change of
// the interval begins a whole period; a trial costs nothing under any price.
func (b *subscription) moved(next *Price, when int64) []line {
	if b.status == trialing || next.ID == b.price.ID {
		return nil
	}
	left, period := b.end-when, b.end-b.start
	back := line{words: "Unused time on " + b.price.Product, amount: -share(b.price.Amount, left, period), price: b.price, start: when, end: b.end, proration: true}
	if next.Interval != b.price.Interval {
		return []line{back, {words: "1 × " + next.Product, amount: next.Amount, price: next, start: when, end: after(when, when, next.Interval)}}
	}
	return []line{back, {words: "Remaining time on " + next.Product, amount: share(next.Amount, left, period), price: next, start: when, end: b.end, proration: true}}
}

// share rounds to the nearest unit.
func share(amount, part, whole int64) int64 { return (2*amount*part + whole) / (2 * whole) }

// upcomingInvoice previews a change, or the next renewal.
func (s *Server) upcomingInvoice(c *call) (any, error) {
	b := s.subscription(c.get("subscription"))
	if b == nil || b.customer != c.get("customer") {
		return nil, missing(c, "subscription", "subscription", c.get("subscription"))
	}
	if !b.live() {
		return nil, &refusal{status: 404, kind: invalid, code: "invoice_upcoming_none", sentence: "No upcoming invoices for customer: " + b.customer}
	}
	i := &invoice{customer: b.customer, subscription: b.id, status: "draft", reason: "upcoming", currency: b.price.Currency, created: s.now(), start: b.start, end: b.end}
	wanted := c.get("subscription_items[0][price]")
	if wanted == "" {
		i.lines = []line{{words: "1 × " + b.price.Product, amount: b.price.Amount, price: b.price, start: b.end, end: after(b.end, b.anchor, b.price.Interval)}}
	} else {
		next := s.price(wanted)
		if next == nil {
			return nil, missing(c, "price", "subscription_items[0][price]", wanted)
		}
		when, err := s.prorationDate(b, c.get("subscription_proration_date"))
		if err != nil {
			return nil, err
		}
		i.lines, i.prorated = b.moved(next, when), when
	}
	i.settle(s.customer(b.customer).balance)
	return i.object(), nil
}

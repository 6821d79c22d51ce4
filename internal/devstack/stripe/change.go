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
	if method := c.get("default_payment_method"); method != "" {
		if m := s.method(method); m == nil || m.Customer != b.Customer {
			return nil, missing(c, "PaymentMethod", "default_payment_method", method)
		}
		s.changed("customer.subscription.updated", b, func() { b.Method = method })
	}
	if end := c.get("cancel_at_period_end"); end != "" || len(c.group("metadata")) > 0 {
		s.changed("customer.subscription.updated", b, func() {
			maps.Copy(b.Metadata, c.group("metadata"))
			if end == "" || b.CancelAtEnd == (end == "true") {
				return
			}
			b.CancelAtEnd, b.CanceledAt = end == "true", 0
			if b.CancelAtEnd {
				b.CanceledAt = s.now()
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
	case c.get("items[0][id]") != b.Item:
		return missing(c, "subscription item", "items[0][id]", c.get("items[0][id]"))
	case next.Currency != b.Price.Currency:
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
	due := (&invoice{Lines: lines}).total() + s.customer(b.Customer).Balance
	m := s.payer(b)
	if due > 0 && (m == nil || m.Declines || m.NeedsAction) {
		return errDeclined
	}
	s.changed("customer.subscription.updated", b, func() {
		if b.Status != trialing && next.Interval != b.Price.Interval {
			b.Start, b.Anchor, b.End = when, when, after(when, when, next.Interval)
		}
		b.Price = next
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
	if err != nil || when < b.Start || when > b.End {
		return 0, bad("subscription_proration_date", "Invalid subscription_proration_date: it must be within the current period.")
	}
	return when, nil
}

// moved are the lines of a change: what was not used is given back, what will be is charged. A change of
// the interval begins a whole period; a trial costs nothing under any price.
func (b *subscription) moved(next *Price, when int64) []line {
	if b.Status == trialing || next.ID == b.Price.ID {
		return nil
	}
	left, period := b.End-when, b.End-b.Start
	back := line{Words: "Unused time on " + b.Price.Product, Amount: -share(b.Price.Amount, left, period), Price: b.Price, Start: when, End: b.End, Proration: true}
	if next.Interval != b.Price.Interval {
		return []line{back, {Words: "1 × " + next.Product, Amount: next.Amount, Price: next, Start: when, End: after(when, when, next.Interval)}}
	}
	return []line{back, {Words: "Remaining time on " + next.Product, Amount: share(next.Amount, left, period), Price: next, Start: when, End: b.End, Proration: true}}
}

// share rounds to the nearest unit.
func share(amount, part, whole int64) int64 { return (2*amount*part + whole) / (2 * whole) }

// upcomingInvoice previews a change, or the next renewal.
func (s *Server) upcomingInvoice(c *call) (any, error) {
	b := s.subscription(c.get("subscription"))
	if b == nil || b.Customer != c.get("customer") {
		return nil, missing(c, "subscription", "subscription", c.get("subscription"))
	}
	if !b.live() {
		return nil, &refusal{status: 404, kind: invalid, code: "invoice_upcoming_none", sentence: "No upcoming invoices for customer: " + b.Customer}
	}
	i := &invoice{Customer: b.Customer, Subscription: b.ID, Status: "draft", Reason: "upcoming", Currency: b.Price.Currency, Created: s.now(), Start: b.Start, End: b.End}
	wanted := c.get("subscription_items[0][price]")
	if wanted == "" {
		i.Lines = []line{{Words: "1 × " + b.Price.Product, Amount: b.Price.Amount, Price: b.Price, Start: b.End, End: after(b.End, b.Anchor, b.Price.Interval)}}
	} else {
		next := s.price(wanted)
		if next == nil {
			return nil, missing(c, "price", "subscription_items[0][price]", wanted)
		}
		when, err := s.prorationDate(b, c.get("subscription_proration_date"))
		if err != nil {
			return nil, err
		}
		i.Lines, i.Prorated = b.moved(next, when), when
	}
	i.settle(s.customer(b.Customer).Balance)
	return i.object(), nil
}

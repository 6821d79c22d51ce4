package stripe

// When a payment that failed is tried again, counted from the try before; after the last, dunning is over.
// The vendor's dashboard offers the same.
func retryAfterDays(attempt int64) int64 {
	switch attempt {
	case 1:
		return 3
	case 2:
		return 5
	case 3:
		return 7
	}
	return 0
}

// collect tries to have an invoice paid, and says whether it is.
func (s *Server) collect(i *invoice, m *method) bool {
	if i.Due > 0 && (m == nil || m.Declines || m.NeedsAction) {
		s.failed(i, m)
		return false
	}
	s.paidBy(i, m)
	return true
}

func (s *Server) paidBy(i *invoice, m *method) {
	i.Attempts++
	i.Status, i.PaidAmount, i.PaidAt, i.NextAttempt = paid, i.Due, s.now(), 0
	if i.Due > 0 {
		i.Charge = s.charged(i, m).ID
	}
	s.emit("invoice.paid", i.object(), nil)
	s.emit("invoice.payment_succeeded", i.object(), nil)
	b := s.subscription(i.Subscription)
	if b.Status == incomplete || b.Status == pastDue || b.Status == unpaid {
		s.become(b, active)
	}
}

// failed leaves the invoice open: it may be collected later.
func (s *Server) failed(i *invoice, m *method) {
	i.Attempts++
	i.NextAttempt = 0
	if days := retryAfterDays(i.Attempts); days > 0 {
		i.NextAttempt = s.now() + days*day
	}
	if m != nil {
		i.Charge = s.notCharged(i.Customer, i.ID, i.Due, i.Currency, m).ID
		if m.NeedsAction {
			s.emit("invoice.payment_action_required", i.object(), nil)
		}
	}
	s.emit("invoice.payment_failed", i.object(), nil)
	b := s.subscription(i.Subscription)
	if b.Status == active || b.Status == trialing {
		s.become(b, pastDue)
	}
	if i.NextAttempt == 0 {
		s.giveUp(b, i)
	}
}

// giveUp is the end of dunning.
func (s *Server) giveUp(b *subscription, i *invoice) {
	if s.config.DunningEnds == canceled {
		s.end(b)
		return
	}
	s.changed("invoice.updated", i, func() { i.NextAttempt = 0 })
	s.become(b, unpaid)
}

// renew begins the next period and has it paid.
func (s *Server) renew(b *subscription) {
	s.changed("customer.subscription.updated", b, func() {
		b.Start, b.End = b.End, after(b.End, b.Anchor, b.Price.Interval)
		if b.Status == trialing {
			b.Status = active
		}
	})
	s.collect(s.bill(b, "subscription_cycle", b.whole()), s.payer(b))
}

// Ways to pay a checkout.
const (
	byCard    = "pay"
	byBank    = "delayed"
	byBadCard = "decline"
)

// buy pays a checkout. declined says that nothing was bought and that it can be tried again.
func (s *Server) buy(k *session, how string) (declined bool) {
	u := s.customer(k.Customer)
	if how == byBadCard {
		s.notCharged(u.ID, "", k.Price.Amount, k.Price.Currency, &method{ID: newID("pm"), Declines: true})
		return true
	}
	m := s.attach(u, how == byBank)
	b := s.subscribe(k, m)
	i := s.bill(b, "subscription_create", b.whole())
	k.Status, k.Subscription, k.Invoice = complete, b.ID, i.ID
	switch {
	case b.Status == trialing:
		s.paidBy(i, m)
	case m.Bank: // believed until the bank says no
		s.become(b, active)
	default:
		s.paidBy(i, m)
		k.PaymentStatus = paid
	}
	s.emit("checkout.session.completed", k.object(), nil)
	return false
}

// arrives is the bank's answer days after a checkout.
func (s *Server) arrives(k *session, came bool) {
	i := s.invoice(k.Invoice)
	m := s.method(s.subscription(k.Subscription).Method)
	if came {
		s.paidBy(i, m)
		k.PaymentStatus = paid
		s.emit("checkout.session.async_payment_succeeded", k.object(), nil)
		return
	}
	m.Declines = true
	s.failed(i, m)
	s.emit("checkout.session.async_payment_failed", k.object(), nil)
}

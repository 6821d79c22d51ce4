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
	if i.due > 0 && (m == nil || m.declines || m.needsAction) {
		s.failed(i, m)
		return false
	}
	s.paidBy(i, m)
	return true
}

func (s *Server) paidBy(i *invoice, m *method) {
	i.attempts++
	i.status, i.paidAmount, i.paidAt, i.nextAttempt = paid, i.due, s.now(), 0
	if i.due > 0 {
		i.charge = s.charged(i, m).id
	}
	s.emit("invoice.paid", i.object(), nil)
	s.emit("invoice.payment_succeeded", i.object(), nil)
	b := s.subscription(i.subscription)
	if b.status == incomplete || b.status == pastDue || b.status == unpaid {
		s.become(b, active)
	}
}

// failed leaves the invoice open: it may be collected later.
func (s *Server) failed(i *invoice, m *method) {
	i.attempts++
	i.nextAttempt = 0
	if days := retryAfterDays(i.attempts); days > 0 {
		i.nextAttempt = s.now() + days*day
	}
	if m != nil {
		i.charge = s.notCharged(i.customer, i.id, i.due, i.currency, m).id
		if m.needsAction {
			s.emit("invoice.payment_action_required", i.object(), nil)
		}
	}
	s.emit("invoice.payment_failed", i.object(), nil)
	b := s.subscription(i.subscription)
	if b.status == active || b.status == trialing {
		s.become(b, pastDue)
	}
	if i.nextAttempt == 0 {
		s.giveUp(b, i)
	}
}

// giveUp is the end of dunning.
func (s *Server) giveUp(b *subscription, i *invoice) {
	if s.config.DunningEnds == canceled {
		s.end(b)
		return
	}
	s.changed("invoice.updated", i, func() { i.nextAttempt = 0 })
	s.become(b, unpaid)
}

// renew begins the next period and has it paid.
func (s *Server) renew(b *subscription) {
	s.changed("customer.subscription.updated", b, func() {
		b.start, b.end = b.end, after(b.end, b.anchor, b.price.Interval)
		if b.status == trialing {
			b.status = active
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
	u := s.customer(k.customer)
	if how == byBadCard {
		s.notCharged(u.id, "", k.price.Amount, k.price.Currency, &method{id: newID("pm"), declines: true})
		return true
	}
	m := s.attach(u, how == byBank)
	b := s.subscribe(k, m)
	i := s.bill(b, "subscription_create", b.whole())
	k.status, k.subscription, k.invoice = complete, b.id, i.id
	switch {
	case b.status == trialing:
		s.paidBy(i, m)
	case m.bank: // believed until the bank says no
		s.become(b, active)
	default:
		s.paidBy(i, m)
		k.paymentStatus = paid
	}
	s.emit("checkout.session.completed", k.object(), nil)
	return false
}

// arrives is the bank's answer days after a checkout.
func (s *Server) arrives(k *session, came bool) {
	i := s.invoice(k.invoice)
	m := s.method(s.subscription(k.subscription).method)
	if came {
		s.paidBy(i, m)
		k.paymentStatus = paid
		s.emit("checkout.session.async_payment_succeeded", k.object(), nil)
		return
	}
	m.declines = true
	s.failed(i, m)
	s.emit("checkout.session.async_payment_failed", k.object(), nil)
}

package stripe

import (
	"errors"
	"fmt"
)

// What people and banks do that no call of the API does. Each names the object by its id.

var errNone = errors.New("the local payment service has none that fits")

// act runs one of them under the lock.
func (s *Server) act(what, id string, do func() bool) error {
	s.mu.Lock()
	defer s.leave()
	if !do() {
		return fmt.Errorf("%s %s: %w", what, id, errNone)
	}
	return nil
}

// Pay buys what a checkout offers, with a card.
func (s *Server) Pay(session string) error { return s.checkout(session, byCard) }

// Decline tries a card that the bank refuses: the checkout stays open.
func (s *Server) Decline(session string) error { return s.checkout(session, byBadCard) }

// PayByBank buys with money that comes days later: see Arrive.
func (s *Server) PayByBank(session string) error { return s.checkout(session, byBank) }

func (s *Server) checkout(id, how string) error {
	return s.act("paying the checkout", id, func() bool {
		k := s.session(id)
		if k == nil || k.Status != open {
			return false
		}
		s.buy(k, how)
		return true
	})
}

// Arrive says whether the money of PayByBank came.
func (s *Server) Arrive(session string, came bool) error {
	return s.act("ending the payment of the checkout", session, func() bool {
		k := s.session(session)
		if k == nil || k.Status != complete || k.PaymentStatus != unpaid {
			return false
		}
		s.arrives(k, came)
		return true
	})
}

// Bank says what a customer's cards do from now on: pay, decline, or ask their owner to confirm.
func (s *Server) Bank(customer string, declines, needsAction bool) error {
	return s.act("changing the cards of", customer, func() bool {
		found := false
		for _, m := range s.methods {
			if m.Customer == customer {
				m.Declines, m.NeedsAction, found, s.dirty = declines, needsAction, true, true
			}
		}
		return found
	})
}

// Renew has a customer's cards last longer: by their network, or by hand.
func (s *Server) Renew(customer string, byHand bool) error {
	kind := "payment_method.automatically_updated"
	if byHand {
		kind = "payment_method.updated"
	}
	return s.act("renewing the cards of", customer, func() bool {
		found := false
		for _, m := range s.methods {
			if m.Customer == customer && !m.Bank {
				found = true
				s.changed(kind, m, func() { m.Renewed++ })
			}
		}
		return found
	})
}

// Attach gives a customer one more card, which nothing is collected from yet.
func (s *Server) Attach(customer string) error {
	return s.act("attaching a card to", customer, func() bool {
		u := s.customer(customer)
		if u == nil || u.Deleted {
			return false
		}
		s.attach(u, false)
		return true
	})
}

// PayInvoice pays an open invoice by hand.
func (s *Server) PayInvoice(id string) error {
	return s.act("paying the invoice", id, func() bool {
		i := s.invoice(id)
		if i == nil || i.Status != open {
			return false
		}
		u := s.customer(i.Customer)
		s.paidBy(i, s.attach(u, false))
		return true
	})
}

// VoidInvoice and WriteOff are what somebody does in the dashboard.
func (s *Server) VoidInvoice(id string) error { return s.close(id, void, "invoice.voided") }

// WriteOff gives an invoice up.
func (s *Server) WriteOff(id string) error {
	return s.close(id, uncollectible, "invoice.marked_uncollectible")
}

func (s *Server) close(id, status, kind string) error {
	return s.act("closing the invoice", id, func() bool {
		i := s.invoice(id)
		if i == nil || i.Status != open {
			return false
		}
		i.Status, i.NextAttempt = status, 0
		if status == void {
			i.VoidedAt = s.now()
		} else {
			i.GivenUpAt = s.now()
		}
		s.emit(kind, i.object(), nil)
		return true
	})
}

// Pause stops a subscription, Resume has it go on, with the vendor's events.
func (s *Server) Pause(id string) error {
	return s.turn(id, active, paused, "customer.subscription.paused")
}

// Resume undoes Pause.
func (s *Server) Resume(id string) error {
	return s.turn(id, paused, active, "customer.subscription.resumed")
}

func (s *Server) turn(id, from, to, kind string) error {
	return s.act("turning the subscription", id, func() bool {
		b := s.subscription(id)
		if b == nil || b.Status != from {
			return false
		}
		s.become(b, to)
		s.emit(kind, b.object(), nil)
		return true
	})
}

// Cancel ends a subscription at once, as in the dashboard.
func (s *Server) Cancel(id string) error {
	return s.act("canceling the subscription", id, func() bool {
		b := s.subscription(id)
		if b == nil || !b.live() {
			return false
		}
		s.end(b)
		return true
	})
}

// DeleteCustomer is what cannot be undone.
func (s *Server) DeleteCustomer(id string) error {
	return s.act("deleting the customer", id, func() bool {
		u := s.customer(id)
		if u == nil || u.Deleted {
			return false
		}
		s.deleteCustomer(u)
		return true
	})
}

// Dispute has a bank take the money of an invoice back.
func (s *Server) Dispute(invoice string) error {
	return s.act("disputing the invoice", invoice, func() bool {
		h := find(s.charges, func(h *charge) bool { return h.Invoice == invoice && h.Status == "succeeded" && !h.Disputed })
		if h == nil {
			return false
		}
		s.dispute(h)
		return true
	})
}

// Refund gives the money of an invoice back.
func (s *Server) Refund(invoice string) error {
	return s.act("refunding the invoice", invoice, func() bool {
		h := find(s.charges, func(h *charge) bool { return h.Invoice == invoice && h.Status == "succeeded" && h.Refunded < h.Amount })
		if h == nil {
			return false
		}
		s.refund(h, h.Amount-h.Refunded)
		return true
	})
}

// Subscribe sells a price to a customer without a checkout, as somebody does in the dashboard.
func (s *Server) Subscribe(customer, price string, trialDays int) (subscription string, err error) {
	err = s.act("subscribing", customer, func() bool {
		u, p := s.customer(customer), s.price(price)
		if u == nil || u.Deleted || p == nil {
			return false
		}
		m := s.attach(u, false)
		b := s.subscribe(&session{Customer: u.ID, Price: p, TrialDays: trialDays, Base: s.config.BaseURL, SubscriptionWords: map[string]string{}}, m)
		s.paidBy(s.bill(b, "subscription_create", b.whole()), m)
		subscription = b.ID
		return true
	})
	return subscription, err
}

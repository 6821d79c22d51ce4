package stripe

import "strconv"

type charge struct {
	id, customer, invoice, method string
	status                        string
	currency                      string
	amount, refunded              int64
	disputed                      bool
	created                       int64
	card                          object
}

func (h *charge) object() object {
	ok := h.status == "succeeded"
	captured := int64(0)
	if ok {
		captured = h.amount
	}
	o := shaped("charge", object{
		"id": h.id, "customer": orNull(h.customer), "invoice": orNull(h.invoice), "payment_method": h.method, "status": h.status, "currency": h.currency,
		"amount": h.amount, "amount_captured": captured, "amount_refunded": h.refunded, "captured": ok, "paid": ok,
		"refunded": h.refunded == h.amount && h.refunded > 0, "disputed": h.disputed, "created": h.created, "payment_method_details": h.card,
	})
	if !ok {
		o["failure_code"], o["failure_message"] = errDeclined.code, errDeclined.sentence
	}
	return o
}

func (s *Server) charged(i *invoice, m *method) *charge {
	h := &charge{id: newID("ch"), customer: i.customer, invoice: i.id, method: m.id, status: "succeeded", currency: i.currency, amount: i.due, created: s.now(), card: m.details()}
	s.charges = append(s.charges, h)
	s.emit("charge.succeeded", h.object(), nil)
	return h
}

func (s *Server) notCharged(customer, invoice string, amount int64, currency string, m *method) *charge {
	h := &charge{id: newID("ch"), customer: customer, invoice: invoice, method: m.id, status: "failed", currency: currency, amount: amount, created: s.now(), card: m.details()}
	s.charges = append(s.charges, h)
	s.emit("charge.failed", h.object(), nil)
	return h
}

func (m *method) details() object {
	if m.bank {
		return object{"type": "us_bank_account", "us_bank_account": object{"bank_name": "STRIPE TEST BANK", "last4": "6789"}}
	}
	return object{"type": "card", "card": object{"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": "4242"}}
}

func (s *Server) getCharge(c *call) (any, error) {
	h := find(s.charges, func(h *charge) bool { return h.id == c.PathValue("id") })
	if h == nil {
		return nil, missing(c, "charge", "id", c.PathValue("id"))
	}
	return h.object(), nil
}

// createRefund gives money back: all of it, unless an amount is named.
func (s *Server) createRefund(c *call) (any, error) {
	h := find(s.charges, func(h *charge) bool { return h.id == c.get("charge") && h.status == "succeeded" })
	if h == nil {
		return nil, missing(c, "charge", "charge", c.get("charge"))
	}
	amount := h.amount - h.refunded
	if given := c.get("amount"); given != "" {
		n, err := strconv.ParseInt(given, 10, 64)
		if err != nil || n < 1 || n > amount {
			return nil, bad("amount", "Refund amount (%s) is greater than unrefunded amount on charge (%d)", given, amount)
		}
		amount = n
	}
	if amount == 0 {
		return nil, &refusal{status: 400, kind: invalid, code: "charge_already_refunded", sentence: "Charge " + h.id + " has already been refunded."}
	}
	return s.refund(h, amount), nil
}

func (s *Server) refund(h *charge, amount int64) object {
	s.changed("charge.refunded", h, func() { h.refunded += amount })
	return shaped("refund", object{"id": newID("re"), "amount": amount, "charge": h.id, "currency": h.currency, "created": s.now()})
}

type dispute struct {
	id, charge, status, currency string
	amount, created              int64
}

func (d *dispute) object() object {
	return shaped("dispute", object{"id": d.id, "charge": d.charge, "status": d.status, "amount": d.amount, "currency": d.currency, "created": d.created})
}

func (s *Server) dispute(h *charge) *dispute {
	d := &dispute{id: newID("dp"), charge: h.id, status: "needs_response", currency: h.currency, amount: h.amount, created: s.now()}
	h.disputed = true
	s.disputes = append(s.disputes, d)
	s.emit("charge.dispute.created", d.object(), nil)
	return d
}

func (s *Server) getDispute(c *call) (any, error) {
	d := find(s.disputes, func(d *dispute) bool { return d.id == c.PathValue("id") })
	if d == nil {
		return nil, missing(c, "dispute", "id", c.PathValue("id"))
	}
	return d.object(), nil
}

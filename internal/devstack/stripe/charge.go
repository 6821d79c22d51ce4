package stripe

import "strconv"

type charge struct {
	ID, Customer, Invoice, Method string
	Status                        string
	Currency                      string
	Amount, Refunded              int64
	Disputed                      bool
	Created                       int64
	Card                          object
}

func (h *charge) object() object {
	ok := h.Status == "succeeded"
	captured := int64(0)
	if ok {
		captured = h.Amount
	}
	o := shaped("charge", object{
		"id": h.ID, "customer": orNull(h.Customer), "invoice": orNull(h.Invoice), "payment_method": h.Method, "status": h.Status, "currency": h.Currency,
		"amount": h.Amount, "amount_captured": captured, "amount_refunded": h.Refunded, "captured": ok, "paid": ok,
		"refunded": h.Refunded == h.Amount && h.Refunded > 0, "disputed": h.Disputed, "created": h.Created, "payment_method_details": h.Card,
	})
	if !ok {
		o["failure_code"], o["failure_message"] = errDeclined.code, errDeclined.sentence
	}
	return o
}

func (s *Server) charged(i *invoice, m *method) *charge {
	h := &charge{ID: newID("ch"), Customer: i.Customer, Invoice: i.ID, Method: m.ID, Status: "succeeded", Currency: i.Currency, Amount: i.Due, Created: s.now(), Card: m.details()}
	s.charges = append(s.charges, h)
	s.emit("charge.succeeded", h.object(), nil)
	return h
}

func (s *Server) notCharged(customer, invoice string, amount int64, currency string, m *method) *charge {
	h := &charge{ID: newID("ch"), Customer: customer, Invoice: invoice, Method: m.ID, Status: "failed", Currency: currency, Amount: amount, Created: s.now(), Card: m.details()}
	s.charges = append(s.charges, h)
	s.emit("charge.failed", h.object(), nil)
	return h
}

func (m *method) details() object {
	if m.Bank {
		return object{"type": "us_bank_account", "us_bank_account": object{"bank_name": "STRIPE TEST BANK", "last4": "6789"}}
	}
	return object{"type": "card", "card": object{"brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2034, "funding": "credit", "last4": "4242"}}
}

func (s *Server) getCharge(c *call) (any, error) {
	h := find(s.charges, func(h *charge) bool { return h.ID == c.PathValue("id") })
	if h == nil {
		return nil, missing(c, "charge", "id", c.PathValue("id"))
	}
	return h.object(), nil
}

// createRefund gives money back: all of it, unless an amount is named.
func (s *Server) createRefund(c *call) (any, error) {
	h := find(s.charges, func(h *charge) bool { return h.ID == c.get("charge") && h.Status == "succeeded" })
	if h == nil {
		return nil, missing(c, "charge", "charge", c.get("charge"))
	}
	amount := h.Amount - h.Refunded
	if given := c.get("amount"); given != "" {
		n, err := strconv.ParseInt(given, 10, 64)
		if err != nil || n < 1 || n > amount {
			return nil, bad("amount", "Refund amount (%s) is greater than unrefunded amount on charge (%d)", given, amount)
		}
		amount = n
	}
	if amount == 0 {
		return nil, &refusal{status: 400, kind: invalid, code: "charge_already_refunded", sentence: "Charge " + h.ID + " has already been refunded."}
	}
	return s.refund(h, amount), nil
}

func (s *Server) refund(h *charge, amount int64) object {
	s.changed("charge.refunded", h, func() { h.Refunded += amount })
	return shaped("refund", object{"id": newID("re"), "amount": amount, "charge": h.ID, "currency": h.Currency, "created": s.now()})
}

type dispute struct {
	ID, Charge, Status, Currency string
	Amount, Created              int64
}

func (d *dispute) object() object {
	return shaped("dispute", object{"id": d.ID, "charge": d.Charge, "status": d.Status, "amount": d.Amount, "currency": d.Currency, "created": d.Created})
}

func (s *Server) dispute(h *charge) *dispute {
	d := &dispute{ID: newID("dp"), Charge: h.ID, Status: "needs_response", Currency: h.Currency, Amount: h.Amount, Created: s.now()}
	h.Disputed = true
	s.disputes = append(s.disputes, d)
	s.emit("charge.dispute.created", d.object(), nil)
	return d
}

func (s *Server) getDispute(c *call) (any, error) {
	d := find(s.disputes, func(d *dispute) bool { return d.ID == c.PathValue("id") })
	if d == nil {
		return nil, missing(c, "dispute", "id", c.PathValue("id"))
	}
	return d.object(), nil
}

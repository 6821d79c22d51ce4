package stripe

// method is a payment method: a card that pays or is declined, or a bank account, where money takes days.
type method struct {
	ID, Customer string
	Bank         bool
	Declines     bool // from now on
	NeedsAction  bool // the bank wants its customer to confirm, who is not there
	Created      int64
	Renewed      int64 // how often its bank sent another card
}

func (m *method) object() object {
	o := shaped("payment_method", object{"id": m.ID, "customer": orNull(m.Customer), "created": m.Created, "type": "card"})
	if m.Bank {
		o["type"] = "us_bank_account"
		o["us_bank_account"] = object{
			"account_holder_type": "individual", "account_type": "checking", "bank_name": "STRIPE TEST BANK", "financial_connections_account": nil,
			"fingerprint": "FFDMA0xfhBjWSZLu", "last4": "6789", "networks": object{"preferred": "ach", "supported": []string{"ach"}}, "routing_number": "110000000", "status_details": object{},
		}
		return o
	}
	o["card"] = object{
		"brand": "visa", "checks": object{"address_line1_check": nil, "address_postal_code_check": nil, "cvc_check": "pass"}, "country": "US",
		"exp_month": 12, "exp_year": 2034 + 5*m.Renewed, "fingerprint": "uRg1dCX3ZR80utMj", "funding": "credit", "generated_from": nil, "last4": "4242",
		"networks": object{"available": []string{"visa"}, "preferred": nil}, "three_d_secure_usage": object{"supported": true}, "wallet": nil,
	}
	return o
}

func (s *Server) attach(u *customer, bank bool) *method {
	m := &method{ID: newID("pm"), Customer: u.ID, Bank: bank, Created: s.now()}
	s.methods = append(s.methods, m)
	s.emit("payment_method.attached", m.object(), nil)
	return m
}

func (s *Server) method(id string) *method {
	return find(s.methods, func(m *method) bool { return m.ID == id })
}

// payer is what a subscription is collected from: its own, else the customer's default; nil: nothing.
func (s *Server) payer(b *subscription) *method {
	if m := s.method(b.Method); m != nil && m.Customer != "" {
		return m
	}
	return s.method(s.customer(b.Customer).Method)
}

func (s *Server) getMethod(c *call) (any, error) {
	m := s.method(c.PathValue("id"))
	if m == nil {
		return nil, missing(c, "PaymentMethod", "id", c.PathValue("id"))
	}
	return m.object(), nil
}

func (s *Server) listMethods(c *call) (any, error) {
	if _, err := s.alive(c, "customer", c.get("customer")); err != nil {
		return nil, err
	}
	return page(c, "/v1/payment_methods", newest(s.methods, func(m *method) bool { return m.Customer == c.get("customer") }))
}

func (s *Server) detachMethod(c *call) (any, error) {
	m := s.method(c.PathValue("id"))
	if m == nil {
		return nil, missing(c, "PaymentMethod", "id", c.PathValue("id"))
	}
	if m.Customer == "" {
		return nil, bad("", "The payment method you provided is not attached to a customer so detachment is impossible.")
	}
	s.detach(m)
	return m.object(), nil
}

// detach takes it from everything that it paid for.
func (s *Server) detach(m *method) {
	u := s.customer(m.Customer)
	s.changed("payment_method.detached", m, func() { m.Customer = "" })
	if u.Method == m.ID {
		s.changed("customer.updated", u, func() { u.Method = "" })
	}
	for _, b := range s.subscriptions {
		if b.Method == m.ID && b.live() {
			s.changed("customer.subscription.updated", b, func() { b.Method = "" })
		}
	}
}

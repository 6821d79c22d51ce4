package stripe

import (
	"maps"
	"strings"
)

type customer struct {
	id, email, name string
	method          string // the default of invoices
	metadata        map[string]string
	created         int64
	balance         int64 // less than 0: a credit
	deleted         bool
}

func (u *customer) object() object {
	if u.deleted {
		return object{"id": u.id, "object": "customer", "deleted": true}
	}
	o := shaped("customer", object{
		"id": u.id, "email": orNull(u.email), "name": orNull(u.name), "metadata": u.metadata, "created": u.created, "balance": u.balance,
		"invoice_prefix": strings.ToUpper(u.id[len(u.id)-8:]),
	})
	o["invoice_settings"].(object)["default_payment_method"] = orNull(u.method)
	return o
}

func (s *Server) createCustomer(c *call) (any, error) {
	if len(s.customers) >= maxObjects {
		return nil, errFull
	}
	u := &customer{id: newID("cus"), email: c.get("email"), name: c.get("name"), metadata: c.group("metadata"), created: s.now()}
	s.customers = append(s.customers, u)
	s.stats.Customers++
	s.emit("customer.created", u.object(), nil)
	return u.object(), nil
}

func (s *Server) customer(id string) *customer {
	return find(s.customers, func(u *customer) bool { return u.id == id })
}

// alive is a customer who can be billed.
func (s *Server) alive(c *call, param, id string) (*customer, error) {
	if u := s.customer(id); u != nil && !u.deleted {
		return u, nil
	}
	return nil, missing(c, "customer", param, id)
}

// ofSomebody refuses a list of a customer who is not there; a list of everybody's names none.
func (s *Server) ofSomebody(c *call) error {
	if c.get("customer") == "" {
		return nil
	}
	_, err := s.alive(c, "customer", c.get("customer"))
	return err
}

func (s *Server) getCustomer(c *call) (any, error) {
	u := s.customer(c.PathValue("id"))
	if u == nil {
		return nil, missing(c, "customer", "id", c.PathValue("id"))
	}
	return u.object(), nil
}

func (s *Server) listCustomers(c *call) (any, error) {
	email := c.get("email")
	return page(c, "/v1/customers", newest(s.customers, func(u *customer) bool {
		return !u.deleted && (email == "" || u.email == email)
	}))
}

func (s *Server) updateCustomer(c *call) (any, error) {
	u, err := s.alive(c, "id", c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	method := c.get("invoice_settings[default_payment_method]")
	if m := s.method(method); method != "" && (m == nil || m.customer != u.id) {
		return nil, missing(c, "PaymentMethod", "invoice_settings[default_payment_method]", method)
	}
	s.changed("customer.updated", u, func() {
		if method != "" {
			u.method = method
		}
		if email := c.get("email"); email != "" {
			u.email = email
		}
		if name := c.get("name"); name != "" {
			u.name = name
		}
		maps.Copy(u.metadata, c.group("metadata"))
	})
	return u.object(), nil
}

// deleteCustomer ends what they have, as the vendor does when somebody deletes one in the dashboard.
func (s *Server) deleteCustomer(u *customer) {
	for _, b := range s.subscriptions {
		if b.customer == u.id && b.live() {
			s.end(b)
		}
	}
	last := u.object()
	u.deleted = true
	s.emit("customer.deleted", last, nil)
}

package stripe

import (
	"maps"
	"strings"
)

type customer struct {
	ID, Email, Name string
	Method          string // the default of invoices
	Metadata        map[string]string
	Created         int64
	Balance         int64 // less than 0: a credit
	Deleted         bool
}

func (u *customer) object() object {
	if u.Deleted {
		return object{"id": u.ID, "object": "customer", "deleted": true}
	}
	o := shaped("customer", object{
		"id": u.ID, "email": orNull(u.Email), "name": orNull(u.Name), "metadata": u.Metadata, "created": u.Created, "balance": u.Balance,
		"invoice_prefix": strings.ToUpper(u.ID[len(u.ID)-8:]),
	})
	o["invoice_settings"].(object)["default_payment_method"] = orNull(u.Method)
	return o
}

func (s *Server) createCustomer(c *call) (any, error) {
	if len(s.customers) >= maxObjects {
		return nil, errFull
	}
	u := &customer{ID: newID("cus"), Email: c.get("email"), Name: c.get("name"), Metadata: c.group("metadata"), Created: s.now()}
	s.customers = append(s.customers, u)
	s.stats.Customers++
	s.emit("customer.created", u.object(), nil)
	return u.object(), nil
}

func (s *Server) customer(id string) *customer {
	return find(s.customers, func(u *customer) bool { return u.ID == id })
}

// alive is a customer who can be billed.
func (s *Server) alive(c *call, param, id string) (*customer, error) {
	if u := s.customer(id); u != nil && !u.Deleted {
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
		return !u.Deleted && (email == "" || u.Email == email)
	}))
}

func (s *Server) updateCustomer(c *call) (any, error) {
	u, err := s.alive(c, "id", c.PathValue("id"))
	if err != nil {
		return nil, err
	}
	method := c.get("invoice_settings[default_payment_method]")
	if m := s.method(method); method != "" && (m == nil || m.Customer != u.ID) {
		return nil, missing(c, "PaymentMethod", "invoice_settings[default_payment_method]", method)
	}
	s.changed("customer.updated", u, func() {
		if method != "" {
			u.Method = method
		}
		if email := c.get("email"); email != "" {
			u.Email = email
		}
		if name := c.get("name"); name != "" {
			u.Name = name
		}
		maps.Copy(u.Metadata, c.group("metadata"))
	})
	return u.object(), nil
}

// deleteCustomer ends what they have, as the vendor does when somebody deletes one in the dashboard.
func (s *Server) deleteCustomer(u *customer) {
	for _, b := range s.subscriptions {
		if b.Customer == u.ID && b.live() {
			s.end(b)
		}
	}
	last := u.object()
	u.Deleted = true
	s.emit("customer.deleted", last, nil)
}

package stripe

import (
	"fmt"
	"net/http"
	"time"
)

// portal is a visit to the page on which customers look after themselves.
type portal struct{ customer, back string }

// maxPortals bounds memory; the vendor's live for minutes.
const maxPortals = 1000

func (s *Server) createPortal(c *call) (any, error) {
	u, err := s.alive(c, "customer", c.get("customer"))
	if err != nil {
		return nil, err
	}
	if len(s.portals) >= maxPortals {
		clear(s.portals)
	}
	id := newID("bps")
	s.portals[id] = &portal{u.ID, c.get("return_url")}
	return shaped("billing_portal.session", object{
		"id": id, "created": s.now(), "customer": u.ID, "return_url": orNull(c.get("return_url")), "url": s.base(c) + "/p/session/" + id, "configuration": "bpc_local",
	}), nil
}

func (s *Server) showPortal(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	visit := s.portals[r.PathValue("id")]
	if visit == nil {
		nowhere(w)
		return
	}
	p := sheet{Title: "Your subscription", Back: visit.back}
	for _, b := range s.subscriptions {
		if b.Customer == visit.customer && b.live() {
			p.Lines = append(p.Lines, fmt.Sprintf("%s: %s until %s", b.Price.Product, b.Status, time.Unix(b.End, 0).UTC().Format(time.DateOnly)))
			p.Buttons = append(p.Buttons, b.button())
		}
	}
	for _, m := range s.methods {
		if m.Customer == visit.customer {
			p.Buttons = append(p.Buttons, button{"detach", m.ID, "Remove the payment method " + m.ID}, button{"default", m.ID, "Use the payment method " + m.ID})
		}
	}
	for _, i := range s.invoices {
		if i.Customer == visit.customer {
			p.Lines = append(p.Lines, fmt.Sprintf("Invoice %s: %s, %s", i.Number, money(i.Due, i.Currency), i.Status))
		}
	}
	p.write(w, http.StatusOK)
}

func (b *subscription) button() button {
	if b.CancelAtEnd {
		return button{"resume", b.ID, "Do not cancel"}
	}
	return button{"cancel", b.ID, "Cancel at the end of the period"}
}

func (s *Server) pressPortal(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mu.Lock()
	defer s.leave()
	visit := s.portals[r.PathValue("id")]
	if visit == nil || !s.press(visit.customer, r.FormValue("action"), r.FormValue("id")) {
		nowhere(w)
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}

// press does what a customer may with what is theirs.
func (s *Server) press(customer, action, id string) bool {
	if b := s.subscription(id); b != nil && b.Customer == customer && b.live() && (action == "cancel" || action == "resume") {
		s.changed("customer.subscription.updated", b, func() {
			b.CancelAtEnd, b.CanceledAt = action == "cancel", 0
			if b.CancelAtEnd {
				b.CanceledAt = s.now()
			}
		})
		return true
	}
	m := s.method(id)
	if m == nil || m.Customer != customer {
		return false
	}
	switch action {
	case "detach":
		s.detach(m)
	case "default":
		u := s.customer(customer)
		s.changed("customer.updated", u, func() { u.Method = m.ID })
	default:
		return false
	}
	return true
}

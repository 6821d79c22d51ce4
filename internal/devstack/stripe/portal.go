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
	s.portals[id] = &portal{u.id, c.get("return_url")}
	return shaped("billing_portal.session", object{
		"id": id, "created": s.now(), "customer": u.id, "return_url": orNull(c.get("return_url")), "url": s.base(c) + "/p/session/" + id, "configuration": "bpc_local",
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
		if b.customer == visit.customer && b.live() {
			p.Lines = append(p.Lines, fmt.Sprintf("%s: %s until %s", b.price.Product, b.status, time.Unix(b.end, 0).UTC().Format(time.DateOnly)))
			p.Buttons = append(p.Buttons, b.button())
		}
	}
	for _, m := range s.methods {
		if m.customer == visit.customer {
			p.Buttons = append(p.Buttons, button{"detach", m.id, "Remove the payment method " + m.id}, button{"default", m.id, "Use the payment method " + m.id})
		}
	}
	for _, i := range s.invoices {
		if i.customer == visit.customer {
			p.Lines = append(p.Lines, fmt.Sprintf("Invoice %s: %s, %s", i.number, money(i.due, i.currency), i.status))
		}
	}
	p.write(w, http.StatusOK)
}

func (b *subscription) button() button {
	if b.cancelAtEnd {
		return button{"resume", b.id, "Do not cancel"}
	}
	return button{"cancel", b.id, "Cancel at the end of the period"}
}

func (s *Server) pressPortal(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mu.Lock()
	defer s.mu.Unlock()
	visit := s.portals[r.PathValue("id")]
	if visit == nil || !s.press(visit.customer, r.FormValue("action"), r.FormValue("id")) {
		nowhere(w)
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}

// press does what a customer may with what is theirs.
func (s *Server) press(customer, action, id string) bool {
	if b := s.subscription(id); b != nil && b.customer == customer && b.live() && (action == "cancel" || action == "resume") {
		s.changed("customer.subscription.updated", b, func() {
			b.cancelAtEnd, b.canceledAt = action == "cancel", 0
			if b.cancelAtEnd {
				b.canceledAt = s.now()
			}
		})
		return true
	}
	m := s.method(id)
	if m == nil || m.customer != customer {
		return false
	}
	switch action {
	case "detach":
		s.detach(m)
	case "default":
		u := s.customer(customer)
		s.changed("customer.updated", u, func() { u.method = m.id })
	default:
		return false
	}
	return true
}

package stripe

import (
	"net/url"
	"strconv"
	"strings"
)

const (
	open     = "open"
	complete = "complete"
	expired  = "expired"

	paid              = "paid"
	unpaid            = "unpaid"
	noPaymentRequired = "no_payment_required"
)

// The vendor's own: how long a checkout can be paid, and what may be asked for.
const (
	sessionLife    = 24 * 3600
	minSessionLife = 30 * 60
)

type session struct {
	ID, Customer, Reference     string
	Price                       *Price
	Success, Cancel             string
	Status, PaymentStatus       string
	Subscription, Invoice       string
	Metadata, SubscriptionWords map[string]string
	TrialDays                   int
	Promotions                  bool
	Created, Expires            int64
	Base                        string // of its page
}

func (k *session) object() object {
	total := k.Price.Amount
	if k.TrialDays > 0 {
		total = 0
	}
	o := shaped("checkout.session", object{
		"id": k.ID, "customer": k.Customer, "client_reference_id": orNull(k.Reference), "success_url": k.Success, "cancel_url": orNull(k.Cancel),
		"status": k.Status, "payment_status": k.PaymentStatus, "subscription": orNull(k.Subscription), "invoice": orNull(k.Invoice),
		"metadata": k.Metadata, "created": k.Created, "expires_at": k.Expires, "currency": k.Price.Currency,
		"amount_subtotal": total, "amount_total": total, "allow_promotion_codes": orNull(k.Promotions), "url": nil,
	})
	if k.Status == open {
		o["url"] = k.Base + "/c/pay/" + k.ID
	}
	return o
}

func (s *Server) createSession(c *call) (any, error) {
	if len(s.sessions) >= maxObjects {
		return nil, errFull
	}
	if c.get("mode") != "subscription" {
		return nil, bad("mode", "The local service sells subscriptions only.")
	}
	u, err := s.alive(c, "customer", c.get("customer"))
	if err != nil {
		return nil, err
	}
	p := s.price(c.get("line_items[0][price]"))
	if p == nil {
		return nil, missing(c, "price", "line_items[0][price]", c.get("line_items[0][price]"))
	}
	k := &session{
		ID: newID("cs_test"), Customer: u.ID, Reference: c.get("client_reference_id"), Price: p, Success: c.get("success_url"), Cancel: c.get("cancel_url"),
		Status: open, PaymentStatus: unpaid, Metadata: c.group("metadata"), SubscriptionWords: c.group("subscription_data[metadata]"),
		Promotions: c.get("allow_promotion_codes") == "true", Created: s.now(), Expires: s.now() + sessionLife, Base: s.base(c),
	}
	if err := k.terms(c); err != nil {
		return nil, err
	}
	s.sessions, s.dirty = append(s.sessions, k), true
	s.stats.Sessions++
	return k.object(), nil
}

// terms reads what the vendor checks.
func (k *session) terms(c *call) error {
	for _, name := range []string{"success_url", "cancel_url"} {
		given := c.get(name)
		if u, err := url.Parse(given); given == "" && name == "success_url" || given != "" && (err != nil || u.Host == "") {
			return bad(name, "Not a valid URL")
		}
	}
	if days := c.get("subscription_data[trial_period_days]"); days != "" {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 730 {
			return bad("subscription_data[trial_period_days]", "The trial must have between 1 and 730 days.")
		}
		k.TrialDays, k.PaymentStatus = n, noPaymentRequired
	}
	if at := c.get("expires_at"); at != "" {
		n, err := strconv.ParseInt(at, 10, 64)
		if err != nil || n < k.Created+minSessionLife-60 || n > k.Created+sessionLife+60 { // clocks differ
			return bad("expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from now.")
		}
		k.Expires = n
	}
	return nil
}

func (s *Server) session(id string) *session {
	return find(s.sessions, func(k *session) bool { return k.ID == id })
}

func (s *Server) getSession(c *call) (any, error) {
	k := s.session(c.PathValue("id"))
	if k == nil {
		return nil, missing(c, "checkout.session", "id", c.PathValue("id"))
	}
	return k.object(), nil
}

func (s *Server) listSessions(c *call) (any, error) {
	if err := s.ofSomebody(c); err != nil {
		return nil, err
	}
	customer, status := c.get("customer"), c.get("status")
	return page(c, "/v1/checkout/sessions", newest(s.sessions, func(k *session) bool {
		return (customer == "" || k.Customer == customer) && (status == "" || k.Status == status)
	}))
}

func (s *Server) expireSession(c *call) (any, error) {
	k := s.session(c.PathValue("id"))
	if k == nil {
		return nil, missing(c, "checkout.session", "id", c.PathValue("id"))
	}
	if k.Status != open {
		return nil, bad("", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `%s`.", k.Status)
	}
	s.expire(k)
	return k.object(), nil
}

func (s *Server) expire(k *session) {
	k.Status = expired
	s.emit("checkout.session.expired", k.object(), nil)
}

// afterwards is where the buyer goes.
func (k *session) afterwards() string {
	return strings.ReplaceAll(k.Success, "{CHECKOUT_SESSION_ID}", k.ID)
}

func (s *Server) base(c *call) string {
	if s.config.BaseURL != "" {
		return s.config.BaseURL
	}
	return "http://" + c.Host
}

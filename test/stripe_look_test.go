package test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

const lookAtBilling = `query($id: ID!) { node(id: $id) { ... on Organization {
	billing { plan { tier } graceEndsAt subscription { status trialEndsAt } paymentMethods { kind expYear isDefault }
		invoices(first: 4) { nodes { number status amountPaid { amount } } } }
	auditLog(types: [BILLING_ALERT]) { nodes { detail { name value } } } } } }`

// bills is what an admin sees of the money, in one line.
func (p *person) bills() string {
	p.t.Helper()
	var out struct {
		Node struct {
			Billing struct {
				Plan           struct{ Tier string }
				GraceEndsAt    *string
				Subscription   *struct{ Status string }
				PaymentMethods []struct {
					Kind      string
					ExpYear   int
					IsDefault bool
				}
				Invoices struct {
					Nodes []struct {
						Number, Status string
						AmountPaid     struct{ Amount string }
					}
				}
			}
			AuditLog struct {
				Nodes []struct {
					Detail []struct{ Name, Value string }
				}
			}
		}
	}
	p.must(lookAtBilling, vars{"id": p.organization.String()}, &out)
	b := out.Node.Billing
	line := "plan=" + b.Plan.Tier
	if b.Subscription != nil {
		line += " status=" + b.Subscription.Status
	}
	for _, m := range b.PaymentMethods {
		line += fmt.Sprintf(" %s:%d", m.Kind, m.ExpYear)
		if m.IsDefault {
			line += "*"
		}
	}
	for _, i := range b.Invoices.Nodes {
		line += fmt.Sprintf(" %s:%s", i.Status, i.AmountPaid.Amount)
		if i.Number == "" {
			line += " without a number"
		}
	}
	var alerts []string
	for _, e := range out.Node.AuditLog.Nodes {
		for _, d := range e.Detail {
			if d.Name == "kind" {
				alerts = append(alerts, d.Value)
			}
		}
	}
	slices.Sort(alerts) // two of the same moment have no order
	return line + " alerts=" + strings.Join(alerts, ",")
}

// heard is all that was told live to one person.
type heard struct {
	mu  sync.Mutex
	all []string
}

// hears collects what is told live of a person's plan from now on.
func (p *person) hears() *heard {
	p.t.Helper()
	h, told := &heard{}, make(chan struct{})
	said, stop := p.live()
	p.t.Cleanup(func() { stop(); close(told) })
	go func() {
		for {
			select {
			case one := <-said:
				h.mu.Lock()
				h.all = append(h.all, one)
				h.mu.Unlock()
			case <-told:
				return
			}
		}
	}()
	return h
}

func (h *heard) has(summary string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.ContainsFunc(h.all, func(one string) bool { return strings.Contains(one, summary) })
}

// customer is a person's organization at Stripe.
func (s *shop) customer(p *person) (id string) {
	s.t.Helper()
	s.scan(&id, "SELECT id FROM switchboard.billing_customers WHERE organization_id = $1 AND deleted_at IS NULL", p.organization.UUID)
	return id
}

// bill is the newest of an organization, by its id at Stripe.
func (s *shop) bill(p *person) (id string) {
	s.t.Helper()
	s.scan(&id, "SELECT stripe_id FROM switchboard.billing_invoices WHERE organization_id = $1 ORDER BY issued_at DESC, id DESC LIMIT 1", p.organization.UUID)
	return id
}

func (s *shop) subscription(p *person) (id string) {
	s.t.Helper()
	s.scan(&id, "SELECT stripe_id FROM switchboard.billing_subscriptions WHERE organization_id = $1 AND status <> 'CANCELED'", p.organization.UUID)
	return id
}

// card is the oldest or the newest one.
func (s *shop) card(p *person, order string) (id string) {
	s.t.Helper()
	s.scan(&id, "SELECT stripe_id FROM switchboard.billing_payment_methods WHERE organization_id = $1 ORDER BY created_at "+order+", stripe_id LIMIT 1", p.organization.UUID)
	return id
}

// portal presses a button on the page that Stripe has for customers.
func (s *shop) portal(p *person, action, id string) error {
	s.t.Helper()
	var page struct{ BillingPortalCreate struct{ URL string } }
	p.must(portalCreate, vars{"in": vars{"organizationId": p.organization.String(), "returnPath": "/settings"}}, &page)
	response, err := http.PostForm(page.BillingPortalCreate.URL, url.Values{"action": {action}, "id": {id}})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("the portal answered %d", response.StatusCode)
	}
	return nil
}

// resends sends events again, days after they were made, and waits until all are worked on.
func (s *shop) resends(ids []string) {
	s.t.Helper()
	sent := s.stripe.Stats().WebhooksSent
	s.stripe.Resend(ids...)
	eventually(s.t, "all webhooks to be taken", func() bool { return s.stripe.Stats().WebhooksSent >= sent+len(ids) })
	s.handled()
}

// wantEveryType says that each webhook that the endpoint is set to came, and was worked on.
func (s *shop) wantEveryType(t *testing.T, types []string) {
	t.Helper()
	for _, each := range types {
		if n := s.rows("SELECT count(*) FROM switchboard.webhook_events WHERE source = 'STRIPE' AND type = $1 AND status = 'PROCESSED'", each); n == 0 {
			t.Errorf("no %s was worked on", each)
		}
	}
}

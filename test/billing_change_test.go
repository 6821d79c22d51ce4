package test

import (
	"strings"
	"testing"
	"time"
)

const portalCreate = `mutation($in: BillingPortalCreateInput!) { billingPortalCreate(input: $in) { url userErrors { code message path } } }`

func TestAnAdminLooksAfterThePlanAndTheCardThroughTheGraph(t *testing.T) {
	t.Parallel()
	s := sells(t)
	s.person("ours", "OWNER")
	p := s.person("ours", "ADMIN")
	s.buys(p)
	price, err := p.PriceOf(within(t), "BUSINESS", "MONTH")
	s.done(err)
	id, change := p.organization.String(), vars{"organizationId": p.organization.String(), "priceId": price.ID}
	var cost struct {
		BillingPlanChangePreview struct {
			AmountDue   struct{ Amount, Currency string }
			ProrationAt string
		}
	}
	p.must(`query($in: BillingPlanChangePreviewInput!) { billingPlanChangePreview(input: $in) { amountDue { amount currency } prorationAt } }`, vars{"in": change}, &cost)
	if due := cost.BillingPlanChangePreview.AmountDue; due.Currency != "USD" || strings.HasPrefix(due.Amount, "0") {
		t.Errorf("the preview: %+v", due)
	}
	change["idempotencyKey"], change["prorationAt"] = "up", cost.BillingPlanChangePreview.ProrationAt
	s.stripe.Advance(10 * time.Minute) // so long somebody thinks about it
	for range 2 {
		p.must(`mutation($in: BillingPlanChangeInput!) { billingPlanChange(input: $in) { subscription { id } userErrors { code } } }`, vars{"in": change}, nil)
	}
	p.gets("BUSINESS", "ACTIVE")
	if paid := p.standing().Invoice.AmountPaid; paid.Amount != cost.BillingPlanChangePreview.AmountDue.Amount {
		t.Errorf("paid %+v, the preview said %+v", paid, cost.BillingPlanChangePreview.AmountDue)
	}
	p.must(`mutation($in: BillingSubscriptionCancelInput!) { billingSubscriptionCancel(input: $in) { subscription { id } } }`, vars{"in": vars{"organizationId": id}}, nil)
	var resumed struct {
		BillingSubscriptionResume struct {
			Subscription struct{ CancelAtPeriodEnd bool }
		}
	}
	p.must(`mutation($id: ID!) { billingSubscriptionResume(organizationId: $id) { subscription { cancelAtPeriodEnd } } }`, vars{"id": id}, &resumed)
	if resumed.BillingSubscriptionResume.Subscription.CancelAtPeriodEnd {
		t.Error("it is not resumed")
	}
	var page struct{ BillingPortalCreate struct{ URL string } }
	p.must(portalCreate, vars{"in": vars{"organizationId": id, "returnPath": "/settings"}}, &page)
	if !strings.HasPrefix(page.BillingPortalCreate.URL, "http") {
		t.Errorf("the portal is at %q", page.BillingPortalCreate.URL)
	}
	for path, origin := range map[string]any{
		"//evil.example.com": nil, `/\evil.example.com`: nil, "https://evil.example.com/": nil, "": nil, "settings": nil, "/settings": "https://evil.example.com", "/": "http://app.example.com",
	} {
		elsewhere := vars{"organizationId": id, "returnPath": path, "returnOrigin": origin}
		if code := p.code(portalCreate, vars{"in": elsewhere}); code != "INVALID" {
			t.Errorf("the portal with a way back to %s %v: %q", origin, path, code)
		}
		elsewhere["priceId"], elsewhere["idempotencyKey"] = price.ID, "elsewhere"
		if code := p.code(checkoutCreate, vars{"in": elsewhere}); code != "INVALID" {
			t.Errorf("a checkout with a way back to %s %v: %q", origin, path, code)
		}
	}
	var out struct {
		Organization struct {
			Billing struct{ PaymentMethods []struct{ ID string } }
		}
	}
	p.must(`{ organization(slug: "ours") { billing { paymentMethods { id } } } }`, nil, &out)
	card := vars{"id": out.Organization.Billing.PaymentMethods[0].ID}
	if code := p.code(`mutation($id: ID!) { paymentMethodSetDefault(id: $id) { paymentMethod { id } userErrors { code message path } } }`, card); code != "" {
		t.Errorf("making the card the default: %q", code)
	}
	if code := p.code(`mutation($id: ID!) { paymentMethodDetach(id: $id) { paymentMethod { id } userErrors { code message path } } }`, card); code != "INVALID_STATE" {
		t.Errorf("taking away the card that pays: %q", code)
	}
}

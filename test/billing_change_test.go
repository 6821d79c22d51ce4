package test

import (
	"strings"
	"testing"
)

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
			AmountDue struct{ Amount, Currency string }
		}
	}
	p.must(`query($in: BillingPlanChangePreviewInput!) { billingPlanChangePreview(input: $in) { amountDue { amount currency } } }`, vars{"in": change}, &cost)
	if due := cost.BillingPlanChangePreview.AmountDue; due.Currency != "USD" || strings.HasPrefix(due.Amount, "0") {
		t.Errorf("the preview: %+v", due)
	}
	change["idempotencyKey"] = "up"
	for range 2 {
		p.must(`mutation($in: BillingPlanChangeInput!) { billingPlanChange(input: $in) { subscription { id } userErrors { code } } }`, vars{"in": change}, nil)
	}
	p.gets("BUSINESS", "ACTIVE")
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
	p.must(`mutation($in: BillingPortalCreateInput!) { billingPortalCreate(input: $in) { url } }`, vars{"in": vars{"organizationId": id, "returnPath": "/settings"}}, &page)
	if !strings.HasPrefix(page.BillingPortalCreate.URL, "http") {
		t.Errorf("the portal is at %q", page.BillingPortalCreate.URL)
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

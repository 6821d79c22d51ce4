package test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
)

const day = 24 * time.Hour

// limited asks for one more transcription and gives what refuses it; empty: it was taken.
func (p *person) limited() (code, metric, upgrade string) {
	p.t.Helper()
	var out struct {
		UploadComplete struct {
			Transcription *struct{ ID string }
			UserErrors    []struct {
				Code, Metric string
				UpgradeTo    *struct{ Tier string }
			}
		}
	}
	p.must(`mutation($in: UploadCompleteInput!) { uploadComplete(input: $in) { transcription { id }
		userErrors { code ... on PlanLimitError { metric limit used upgradeTo { tier } } } } }`,
		vars{"in": vars{"uploadId": p.sent(wav(2, 100*time.Millisecond)), "transcribe": true}}, &out)
	if len(out.UploadComplete.UserErrors) == 0 {
		return "", "", ""
	}
	e := out.UploadComplete.UserErrors[0]
	if e.UpgradeTo != nil {
		upgrade = e.UpgradeTo.Tier
	}
	return e.Code, e.Metric, upgrade
}

func TestACheckoutLiftsTheLimitThatWasReached(t *testing.T) {
	t.Parallel()
	s := sells(t)
	p := s.person("ours", "OWNER")
	if before := p.standing(); before.Plan != "FREE" || before.Subscription != "" {
		t.Fatalf("before: %+v", before)
	}
	p.transcribe()
	if code, metric, upgrade := p.limited(); code != "PLAN_LIMIT_EXCEEDED" || metric != "TRANSCRIPTIONS" || upgrade != "PRO" {
		t.Errorf("the second of one: %s %s, upgrade to %s", code, metric, upgrade)
	}

	told, stop := p.live()
	defer stop()
	s.buys(p)
	select {
	case said := <-told:
		if !strings.Contains(said, "summary") {
			t.Errorf("told live: %s", said)
		}
	case <-time.After(patience):
		t.Error("nothing was told live")
	}
	for range 2 {
		if code, _, _ := p.limited(); code != "" {
			t.Errorf("within the plan: %s", code)
		}
	}
	if code, _, upgrade := p.limited(); code != "PLAN_LIMIT_EXCEEDED" || upgrade != "BUSINESS" {
		t.Errorf("the fourth of three: %s, upgrade to %s", code, upgrade)
	}
	after := p.standing()
	if i := after.Invoice; i == nil || i.Status != "PAID" || i.AmountPaid.Amount != "49.00" || i.AmountPaid.Currency != "USD" || i.Number == "" {
		t.Errorf("the invoice: %+v", i)
	}
	s.wantOnce(1)
}

func TestADeclinedCardChangesNothingAndTheSamePageCanBePaid(t *testing.T) {
	t.Parallel()
	s := sells(t)
	p := s.person("ours", "ADMIN")
	session := p.checkout()
	s.done(s.stripe.Decline(session))
	if now := p.standing(); now.Plan != "FREE" || now.Subscription != "" {
		t.Errorf("declined: %+v", now)
	}
	s.done(s.stripe.Pay(session))
	p.gets("PRO", "ACTIVE")
	s.wantOnce(1)
}

func TestAMissedPaymentKeepsThePlanForTheGraceOnlyAndDunningEndsIt(t *testing.T) {
	t.Parallel()
	for grace, want := range map[string]string{"720h": "PRO", "24h": "FREE"} {
		t.Run(grace, func(t *testing.T) {
			t.Parallel()
			s := sells(t, "BILLING_GRACE="+grace)
			p := s.person("ours", "OWNER")
			s.buys(p)
			s.done(s.stripe.Bank(s.stripe.Customers()[0], true, false))
			s.stripe.Advance(33 * day) // due for about two days
			p.gets(want, "PAST_DUE")
			if open := p.standing().Invoice; open.Status != "OPEN" {
				t.Errorf("a payment that failed leaves the bill %s", open.Status)
			}
			if want == "FREE" {
				p.transcribe()
				if code, _, _ := p.limited(); code != "PLAN_LIMIT_EXCEEDED" {
					t.Errorf("after the grace: %q", code)
				}
			}
			s.stripe.Advance(20 * day)
			p.gets("FREE", "CANCELED")
			s.done(s.stripe.Bank(s.stripe.Customers()[0], false, false))
			s.buys(p)
			s.wantOnce(1)
		})
	}
}

func TestACanceledSubscriptionKeepsThePlanToThePeriodsEnd(t *testing.T) {
	t.Parallel()
	s := sells(t)
	p := s.person("ours", "OWNER")
	s.buys(p)
	if _, problems := p.mutate(`mutation($in: BillingSubscriptionCancelInput!) { billingSubscriptionCancel(input: $in) { subscription { id cancelAtPeriodEnd } userErrors { code message path } } }`,
		vars{"in": vars{"organizationId": p.organization.String()}}); len(problems) > 0 {
		t.Fatalf("canceling: %v", problems)
	}
	p.gets("PRO", "ACTIVE")
	s.stripe.Advance(32 * day)
	p.gets("FREE", "CANCELED")
	s.wantOnce(0)
}

func TestADeletedCustomerIsOnFreeAndMayBuyAgainEvenWhenNobodyHeardOfIt(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"heard of": false, "not heard of": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sells(t)
			p := s.person("ours", "OWNER")
			s.buys(p)
			s.stripe.SetFaults(fake.Faults{Webhook: fake.WebhookFaults{Lost: lost}})
			s.done(s.stripe.DeleteCustomer(s.stripe.Customers()[0]))
			if !lost {
				p.gets("FREE", "CANCELED")
			}
			s.stripe.SetFaults(fake.Faults{})
			session := p.checkout()
			p.gets("FREE", "CANCELED") // found while the page was opened
			s.done(s.stripe.Pay(session))
			p.gets("PRO", "ACTIVE")
			if n := len(s.stripe.Subscriptions()); n != 1 {
				t.Errorf("%d subscriptions", n)
			}
		})
	}
}

func TestDemoCheckoutShowsTheLimitBeforeAndAfter(t *testing.T) {
	t.Parallel()
	s := sells(t)
	p := s.person("ours", "OWNER")
	run := func(args ...string) (stdout, stderr string, err error) {
		cmd := exec.CommandContext(within(t), program, append([]string{"demo", "checkout", "--server", s.url, "--token", p.token}, args...)...)
		var out, diagnostics strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &diagnostics
		err = cmd.Run()
		return out.String(), diagnostics.String(), err
	}
	first := exec.CommandContext(within(t), program, "demo", "checkout", "--server", s.url, "--token", p.token)
	both, err := first.CombinedOutput()
	if err != nil {
		t.Fatalf("demo checkout: %v\n%s", err, both)
	}
	wantInOrder(t, string(both), "buying PRO by the month", "before: plan FREE", "transcriptions 0 of 1", "checkout at http", "paid; a browser would go to https://app.example.com/settings?tab=billing&checkout=success",
		"live: The plan went from FREE to PRO.", "after:  plan PRO, subscription active", "transcriptions 0 of 3", "invoice ", ": paid 49.00 USD")
	if _, seen, err := run("--plan", "BUSINESS"); err == nil || !strings.Contains(seen, "CONFLICT") {
		t.Errorf("a second subscription: %v\n%s", err, seen)
	}
	if _, seen, err := run("--plan", "ENTERPRISE"); err == nil || !strings.Contains(seen, "is not sold here, but: PRO by the MONTH") {
		t.Errorf("what is not sold: %v\n%s", err, seen)
	}
	if out, seen, err := run("--plan", "BUSINESS", "--cancel-first"); err != nil || !strings.Contains(out, "after:  plan BUSINESS") {
		t.Errorf("another plan: %v\n%s\n%s", err, out, seen)
	}
}

func TestADeletedOrganizationsCardIsChargedNoMore(t *testing.T) {
	t.Parallel()
	s := sells(t)
	p := s.person("ours", "OWNER")
	s.buys(p)
	p.must(`mutation($in: OrganizationDeleteInput!) { organizationDelete(input: $in) { userErrors { code } } }`,
		vars{"in": vars{"organizationId": p.organization.String(), "slug": "ours"}}, nil)
	eventually(t, "the subscription to end", func() bool { return len(s.stripe.Subscriptions()) == 0 })
}

package test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/signalwire"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
)

// doctor runs it with settings that differ from the process's.
func (a *app) doctor(settings ...string) (said string, err error) {
	a.t.Helper()
	cmd := exec.CommandContext(within(a.t), program, "doctor")
	cmd.Env = append(append([]string{}, a.cmd.Env...), settings...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestDoctorSaysWhatIsWrongAtStripe(t *testing.T) {
	t.Parallel()
	s := sells(t)
	if out, err := s.doctor(); err != nil || strings.Count(out, "Stripe") != 2 {
		t.Errorf("all is well: %v\n%s", err, out)
	}
	s.stripe.Notify(fake.Endpoint{URL: s.url + "/api/webhooks/stripe", Secrets: []string{s.secret}, Events: []string{"invoice.paid"}})
	out, err := s.doctor("STRIPE_PRICE_PRO_YEARLY=price_nowhere", "STRIPE_PRICE_ENTERPRISE_YEARLY=price_other")
	for _, want := range []string{"STRIPE_PRICE_PRO_YEARLY names no price", "STRIPE_PRICE_ENTERPRISE_YEARLY is not paid once a year", "it does not send ", "customer.subscription.deleted"} {
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("want %q: %v\n%s", want, err, out)
		}
	}
	s.stripe.Notify(fake.Endpoint{URL: "https://elsewhere.example.com/", Secrets: []string{s.secret}})
	out, err = s.doctor("STRIPE_SECRET_KEY=sk_test_another_key_that_is_wrong")
	if err == nil || strings.Count(out, "wrong  ") < 2 || strings.Contains(out, "sk_test_another_key_that_is_wrong") {
		t.Errorf("with another key: %v\n%s", err, out)
	}
	if out, err := s.doctor(); err == nil || !strings.Contains(out, "none of them sends to "+s.url) {
		t.Errorf("with an endpoint elsewhere: %v\n%s", err, out)
	}
}

func TestDoctorSaysWhatIsWrongAtSignalWire(t *testing.T) {
	t.Parallel()
	p := startPhone(t, "SIGNALWIRE_NUMBER="+ourNumber)
	if out, err := p.doctor(); err == nil || !strings.Contains(out, "SIGNALWIRE_NUMBER "+ourNumber+" is none of the project's") {
		t.Errorf("somebody else's number: %v\n%s", err, out)
	}
	p.phone.SetNumber(ourNumber, signalwire.Number{})
	if out, err := p.doctor(); err != nil || !strings.Contains(out, "fine   telephone provider") {
		t.Errorf("all is well: %v\n%s", err, out)
	}
	if out, err := p.doctor("SIGNALWIRE_TOKEN=the-wrong-token"); err == nil || !strings.Contains(out, "wrong  telephone provider") || strings.Contains(out, "the-wrong-token") {
		t.Errorf("with another token: %v\n%s", err, out)
	}
}

package stripe_test

import (
	"path/filepath"
	"testing"

	"github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	vendor "github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

func TestWhatWasBoughtOutlivesARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "stripe.json")
	keeping := func(c *stripe.Config) { c.Keep = file }
	first := open(t, keeping)
	first.done(first.fake.Load()) // nothing is there, and that is fine
	b := first.sold("a@example.com")
	first.fake.Advance(20 * day)
	first.done(first.fake.Bank(b.Customer, true, false))
	k := first.checkout(b.Customer, "still open")

	second := open(t, keeping)
	second.done(second.fake.Load())
	if again := second.subscription(b.ID); again.Status != vendor.Active || again.Customer != b.Customer || again.Items[0].Price != b.Items[0].Price || !again.CurrentPeriodEnd.Equal(b.CurrentPeriodEnd) {
		t.Errorf("%+v, was %+v", again, b)
	}
	if again := second.session(k.ID); again.Status != vendor.SessionExpired && again.Status != vendor.SessionOpen {
		t.Errorf("%+v", again)
	}
	second.fake.Advance(12 * day)
	if got := second.subscription(b.ID).Status; got != vendor.PastDue {
		t.Errorf("a month later it is %s", got)
	}
}

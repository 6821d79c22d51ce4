package billing

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	fake "github.com/switchboard-voice/switchboard/internal/devstack/stripe"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

func TestNoInterleavingOfTwoCheckoutsSellsTwoSubscriptions(t *testing.T) {
	t.Parallel()
	for round := range 4 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			h := open(t, w, ids.New(ids.Organization))
			if round%2 == 1 {
				w.SetFaults(fake.Faults{LoseAnswer: 2, SpoilAfter: 2})
			}
			random := rand.New(rand.NewPCG(3, uint64(round)))
			var mu sync.Mutex
			var pages []string
			began := time.Now()
			for looks := 0; looks < 3; { // first they look at the pages, then all of them pay, while others already come again
				var group sync.WaitGroup
				paid := slices.Clone(pages)
				if looks == 0 {
					paid = nil
				}
				for _, page := range paid {
					pause := time.Duration(random.IntN(20)) * time.Millisecond
					group.Go(func() {
						<-time.After(pause)
						_ = w.Pay(session(page)) // refused where another one closed it
					})
				}
				for buyer := range 6 {
					tier, pause := []Tier{Pro, Business}[buyer%2], time.Duration(random.IntN(40))*time.Millisecond
					group.Go(func() {
						<-time.After(pause)
						page, err := h.Checkout(t.Context(), h.viewer, h.wants(tier, uuid.NewString()))
						if err == nil {
							mu.Lock()
							pages = append(pages, *page)
							mu.Unlock()
						}
					})
				}
				group.Wait()
				if looks > 0 || len(pages) > 1 || time.Since(began) > patience { // on a busy machine most find the turn taken
					looks++
				}
			}
			if len(pages) < 2 {
				t.Errorf("only %d pages were opened", len(pages))
			}
			for _, page := range pages {
				_ = w.Pay(session(page))
			}
			if n := w.Stats().Subscriptions; n != 1 {
				t.Errorf("%d subscriptions were sold", n)
			}
			if n := w.Stats().Customers; n != 1 {
				t.Errorf("%d customers were made", n)
			}
			h.takesAll(w.knocks(t))
			if h.plan() == Free || h.number("SELECT count(*) FROM switchboard.billing_subscriptions") != 1 {
				t.Errorf("the plan is %s", h.plan())
			}
		})
	}
}

func TestTheSameKeyGivesTheSamePageUntilThatIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := open(t, w, ids.New(ids.Organization))
	first := h.checkout(Pro, "one")
	if again := h.checkout(Pro, "one"); again != first {
		t.Errorf("another page: %s, %s", first, again)
	}
	if _, err := h.Checkout(t.Context(), h.viewer, h.wants(Business, "one")); !fault.Is(err, fault.CodeConflict) {
		t.Errorf("the same key for another plan: %v", err)
	}
	if second := h.checkout(Business, "two"); second == first {
		t.Error("another key gave the same page")
	}
	if _, err := h.Checkout(t.Context(), h.viewer, h.wants(Pro, "one")); !fault.Is(err, fault.CodeExpired) {
		t.Errorf("a page that another one closed: %v", err)
	}
	if err := w.Pay(first); err == nil {
		t.Error("the page that was closed could be paid")
	}
}

func TestAWriteThatTookEffectAndWasAnsweredWithAnErrorIsNotDoneTwice(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"customers.create", "checkout.create"} {
		for name, faults := range map[string]fake.Faults{"500": {On: on, SpoilAfter: 1}, "no answer": {On: on, LoseAnswer: 2}} {
			t.Run(on+" "+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				h := open(t, w, ids.New(ids.Organization))
				w.SetFaults(faults)
				page, err := h.Checkout(t.Context(), h.viewer, h.wants(Pro, "key"))
				if err != nil {
					page, err = h.Checkout(t.Context(), h.viewer, h.wants(Pro, "key"))
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := w.Pay(session(*page)); err != nil {
					t.Error(err)
				}
				if s := w.Stats(); s.Customers != 1 || s.Sessions != 1 {
					t.Errorf("%d customers and %d checkouts were made", s.Customers, s.Sessions)
				}
			})
		}
	}
}

func TestNothingBadStaysUnderAKeyForADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := open(t, w, ids.New(ids.Organization))
	w.SetFaults(fake.Faults{On: "checkout.create", Fail500: 1})
	if _, err := h.Checkout(t.Context(), h.viewer, h.wants(Pro, "key")); !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("while Stripe fails: %v", err)
	}
	if h.checkout(Pro, "key") == "" {
		t.Error("no page")
	}
}

func TestACheckoutIsForAdminsAndLeadsBackToTheWebAppOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := open(t, w, ids.New(ids.Organization))
	elsewhere := "https://evil.example.com"
	for change, code := range map[string]fault.Code{
		"//evil.example.com": fault.CodeInvalid, "https://evil.example.com/": fault.CodeInvalid, `/\evil.example.com`: fault.CodeInvalid,
		"settings": fault.CodeInvalid, "": fault.CodeInvalid, "/a\nb": fault.CodeInvalid, "/" + strings.Repeat("x", 1001): fault.CodeInvalid,
	} {
		in := h.wants(Pro, "key")
		in.ReturnPath = change
		if _, err := h.Checkout(t.Context(), h.viewer, in); !fault.Is(err, code) {
			t.Errorf("%.30q: %v", change, err)
		}
	}
	in := h.wants(Pro, "key")
	in.ReturnOrigin = &elsewhere
	if _, err := h.Checkout(t.Context(), h.viewer, in); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("another origin: %v", err)
	}
	in = h.wants(Pro, "key")
	in.PriceID = ids.New(ids.Price)
	if _, err := h.Checkout(t.Context(), h.viewer, in); !fault.Is(err, fault.CodeInvalid) {
		t.Errorf("another price: %v", err)
	}
	operator := h.viewer
	operator.Memberships = []access.Membership{{OrganizationID: h.home.UUID, Role: access.Operator}}
	if _, err := h.Checkout(t.Context(), operator, h.wants(Pro, "key")); !fault.Is(err, fault.CodeForbidden) {
		t.Errorf("an operator: %v", err)
	}
	if a, err := h.Get(t.Context(), operator, h.home); a != nil || err != nil {
		t.Errorf("an operator reads %v, %v", a, err)
	}
	if n := w.Stats().Writes; n != 0 {
		t.Errorf("%d writes to Stripe", n)
	}
}

func TestABackPathKeepsItsQueryAndSaysHowItWent(t *testing.T) {
	t.Parallel()
	s := &Service{origins: []string{"https://app.example.com"}}
	for path, want := range map[string]string{
		"/settings?tab=billing": "https://app.example.com/settings?tab=billing&checkout=success&session_id={CHECKOUT_SESSION_ID}",
		"/settings#bills":       "https://app.example.com/settings?checkout=success&session_id={CHECKOUT_SESSION_ID}#bills",
	} {
		to, err := s.back(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := told(*to, "checkout=success&session_id={CHECKOUT_SESSION_ID}"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestASecondSubscriptionIsCanceledAtOnceAndTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := open(t, w, ids.New(ids.Organization))
	h.run()
	if err := w.Pay(h.checkout(Pro, "first")); err != nil {
		t.Fatal(err)
	}
	w.Advance(time.Second) // two of the same second have no older one
	// Past all our doors, as somebody with the dashboard can.
	beside, err := h.vendor.Checkout(t.Context(), "beside", stripe.NewSession{Customer: h.customer(), Price: businessMonth, SuccessURL: "https://a.example.com", CancelURL: "https://a.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Pay(beside.ID); err != nil {
		t.Fatal(err)
	}
	h.takesAll(w.knocks(t))
	eventually(t, "the second one is canceled", func() bool {
		return h.number("SELECT count(*) FROM switchboard.billing_subscriptions WHERE surplus AND status = 'ACTIVE'") == 0 &&
			h.number("SELECT count(*) FROM switchboard.billing_subscriptions WHERE status = 'CANCELED'") == 1
	})
	h.takesAll(w.knocks(t))
	if h.plan() != Pro || h.told(SecondSubscription) != 1 {
		t.Errorf("the plan is %s, told %d times", h.plan(), h.told(SecondSubscription))
	}
	if n := h.number("SELECT count(*) FROM switchboard.activity_events WHERE type = 'BILLING_ALERT' AND audience = 'AUDIT' AND status = 'second_subscription'"); n != 1 {
		t.Errorf("%d lines in the audit log", n)
	}
}

func TestWhoLostTheTurnStoresNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := open(t, w, ids.New(ids.Organization))
	if err := w.Pay(h.checkout(Pro, "first")); err != nil {
		t.Fatal(err)
	}
	slow, err := h.take(t.Context(), h.home.UUID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.take(t.Context(), h.home.UUID); err != errBusy {
		t.Errorf("two have the turn: %v", err)
	}
	h.execute("UPDATE switchboard.billing_accounts SET turn_until = now() - interval '1 second'") // it took too long
	next, err := h.take(t.Context(), h.home.UUID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.refresh(t.Context(), slow, wanted{}); err != errBusy && !strings.Contains(fmt.Sprint(err), errBusy.Error()) {
		t.Errorf("the slow one stored: %v", err)
	}
	if n := h.number("SELECT count(*) FROM switchboard.billing_subscriptions"); n != 0 {
		t.Errorf("%d rows", n)
	}
	h.end(t.Context(), slow)
	if _, err := h.refresh(t.Context(), next, wanted{}); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.end(ctx, next) // who asked has left
	if _, err := h.take(t.Context(), h.home.UUID); err != nil {
		t.Errorf("the turn is not free: %v", err)
	}
}

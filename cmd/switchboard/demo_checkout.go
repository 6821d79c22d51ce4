package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
)

// demoCheckoutCommand buys a plan. On make run the page is paid by the demo itself, as nobody's money moves
// there; on another server somebody has to open it in a browser.
type demoCheckoutCommand struct {
	remote
	Plan        string `enum:"PRO,BUSINESS,ENTERPRISE" default:"PRO" help:"What is bought: ${enum}."`
	Interval    string `enum:"MONTH,YEAR" default:"MONTH" help:"How often it is paid: ${enum}."`
	CancelFirst bool   `help:"End the subscription that is there, at once, as there can be only one."`
}

const (
	// returnPath is where the web app shows the plan.
	returnPath = "/settings?tab=billing"
	// payTimeout is for a page on this machine.
	payTimeout = 30 * time.Second
)

// Run shows the purchase on the terminal.
func (d *demoCheckoutCommand) Run(ctx context.Context) error {
	return d.run(ctx, os.Stdout, &show{to: os.Stderr, terminal: isTerminal(os.Stderr)})
}

func (d *demoCheckoutCommand) run(ctx context.Context, out io.Writer, show *show) error {
	server, err := d.dial(show)
	if err != nil {
		return err
	}
	show.begin(fmt.Sprintf("buying %s by the %s", d.Plan, strings.ToLower(d.Interval)))
	price, err := server.PriceOf(ctx, d.Plan, d.Interval)
	if err != nil {
		return err
	}
	before, err := d.before(ctx, server, show)
	if err != nil {
		return err
	}
	fmt.Fprint(out, "before: ", standing(before))
	page, err := server.Checkout(ctx, before.Organization, price, returnPath)
	var answered *client.Error
	if errors.As(err, &answered) && answered.Code == "CONFLICT" && !d.CancelFirst {
		return fmt.Errorf("%w To end it first: --cancel-first", err)
	}
	if err != nil {
		return err
	}
	show.line("%s  checkout at %s", show.clock(), printable(page))
	if err := pay(ctx, page, show); err != nil {
		return err
	}
	after := before
	err = server.FollowBilling(ctx, before, func(summary string, _ time.Time, now client.Standing) {
		show.line("%s  live: %s", show.clock(), printable(summary))
		after = now
	}, d.done)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(out, "after:  ", standing(after), "invoice ", bill(after.Invoice), "\n")
	return err
}

// before is how things stand, once nothing is in the way.
func (d *demoCheckoutCommand) before(ctx context.Context, server *client.Client, show *show) (client.Standing, error) {
	now, err := server.Standing(ctx, d.Organization)
	if err != nil || !d.CancelFirst || now.Subscription == "" || now.Subscription == "CANCELED" {
		return now, err
	}
	if err := server.EndSubscription(ctx, now.Organization); err != nil {
		return now, err
	}
	show.line("%s  the subscription that was there is ended", show.clock())
	return server.Standing(ctx, now.Organization)
}

// done says that what was bought is there. Its bill may still be open, where the money takes days.
func (d *demoCheckoutCommand) done(now client.Standing) bool { return now.Plan == d.Plan }

// pay presses the button of the local Stripe's page. Any other page is for a person.
func pay(ctx context.Context, page string, show *show) error {
	u, err := url.Parse(page)
	if err != nil {
		return fmt.Errorf("reading the checkout's address: %w", err)
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		show.line("%s  open it in a browser and pay; in the test mode with the card 4242 4242 4242 4242", show.clock())
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, payTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader(url.Values{"action": {"pay"}}.Encode()))
	if err != nil {
		return fmt.Errorf("making the payment: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	stay := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // the web app may not run
	response, err := stay.Do(request)
	if err != nil {
		return fmt.Errorf("paying on the local page: %w", err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("paying on the local page: it answered %d", response.StatusCode)
	}
	back, err := response.Location()
	if err != nil {
		return errors.New("paying on the local page: it does not say where a browser would go now")
	}
	show.line("%s  paid; a browser would go to %s", show.clock(), printable(back.Redacted()))
	return nil
}

// standing is a plan and what it is worth, as people read it.
func standing(s client.Standing) string {
	var text strings.Builder
	fmt.Fprintf(&text, "plan %s", printable(s.Plan))
	if s.Subscription != "" {
		fmt.Fprintf(&text, ", subscription %s", printable(strings.ToLower(s.Subscription)))
	}
	for _, u := range s.Usage {
		limit := "unlimited"
		if u.Limit != nil {
			limit = fmt.Sprint(*u.Limit)
		}
		fmt.Fprintf(&text, ", %s %d of %s", printable(strings.ReplaceAll(strings.ToLower(u.Metric), "_", " ")), u.Used, limit)
	}
	return text.String() + "\n"
}

func bill(i *client.Invoice) string {
	if i == nil {
		return "not made yet"
	}
	return printable(fmt.Sprintf("%s: %s %s %s", i.Number, strings.ToLower(i.Status), i.AmountPaid.Amount, i.AmountPaid.Currency))
}

package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// stripeSecret signs what the benchmark sends; nothing else knows it.
	stripeSecret = "whsec_benchmark-0123456789"
	// stripeFiller makes an event as long as those of subscriptions are.
	stripeFiller = 1500
)

// unsigned is where the signature goes.
const unsigned = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

// sellingServer is one more server on the same database that takes Stripe's webhooks. Nobody answers at its
// Stripe: the events ask for nothing.
func (l *bench) sellingServer(ctx context.Context) (*lab.Process, error) {
	return l.Launch(ctx, "STRIPE_SECRET_KEY=sk_benchmark", "STRIPE_WEBHOOK_SECRET="+stripeSecret, "STRIPE_BASE_URL=http://127.0.0.1:9", "STRIPE_PRICE_PRO_MONTHLY=price_1")
}

// measureStripeIntake is measureIntake for the source whose signature covers the body, and whose bodies are
// long. The yardstick inserts the same bodies and compares a word instead of signing.
func (l *bench) measureStripeIntake(ctx context.Context, t *table) (err error) {
	server, err := l.sellingServer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	at := time.Now().Unix()
	body := fmt.Sprintf(`{"id":"evt_%s","object":"event","api_version":"2023-10-16","created":%d,"livemode":false,"type":"product.updated","data":{"object":{"id":"prod_1","object":"product","description":%q}}}`,
		blank, at, strings.Repeat("a", stripeFiller))
	ours, err := l.long(server, "/api/webhooks/stripe", body, "Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at, unsigned))
	if err != nil {
		return err
	}
	byHand, err := l.long(l.byHand, "/webhook", body, "X-Webhook-Secret", l.Webhook)
	if err != nil {
		return err
	}
	next := signed(ours, at)
	var working, hand, ratios []float64
	for i := range intakeRounds + 1 {
		calls, took, err := hammer(ctx, server, senders, intakeRound, next)
		if err != nil {
			return fmt.Errorf("webhooks of stripe: %w", err)
		}
		if err := l.drained(ctx); err != nil {
			return err
		}
		c, err := l.rate(ctx, l.byHand, byHand)
		if err != nil {
			return fmt.Errorf("webhooks of stripe by hand: %w", err)
		}
		if a := float64(calls) / took.Seconds(); i > 0 { // the first one warms up
			working, hand, ratios = append(working, a), append(hand, c), append(ratios, a/c)
		}
	}
	say("webhooks of stripe: %.0f while working, %.0f by hand: %.2f", working, hand, ratios)
	t.add(row{
		what: "Webhooks of Stripe accepted a second: signed over 1.7 KB, while their jobs run", ours: fmt.Sprintf("%.0f", median(working)), byHand: fmt.Sprintf("%.0f, inserted only", median(hand)),
		ratio: fmt.Sprintf("%.2f×", median(ratios)), bound: "reported",
	}, true)
	return nil
}

// long are webhooks with a body of ours.
func (l *bench) long(p *lab.Process, path, body, header, value string) (*webhooks, error) {
	request, err := wire("POST", p.URL+path, body, "Content-Type", "application/json", header, value)
	if err != nil {
		return nil, err
	}
	w := &webhooks{at: bytes.LastIndex(request, []byte(blank)), numbers: make([]int, senders)}
	for range senders {
		w.requests = append(w.requests, bytes.Clone(request))
	}
	return w, nil
}

// signed numbers the next request and signs it: two microseconds of the client's, where the server has a
// hundred times as much to do.
func signed(w *webhooks, at int64) func(sender int) []byte {
	place := bytes.Index(w.requests[0], []byte(unsigned))
	return func(sender int) []byte {
		request := w.next(sender)
		_, body, _ := bytes.Cut(request, []byte("\r\n\r\n"))
		sum := hmac.New(sha256.New, []byte(stripeSecret))
		_, _ = fmt.Fprintf(sum, "%d.", at)
		_, _ = sum.Write(body)
		hex.Encode(request[place:], sum.Sum(nil))
		return request
	}
}

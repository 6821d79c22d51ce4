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

// measureStripe is for the source whose signature covers the body, and whose bodies are long. The server is
// started again as one that sells plans. Nobody answers at its Stripe: the events ask for nothing.
func (l *bench) measureStripe(ctx context.Context, t *table) (err error) {
	selling := []string{"STRIPE_SECRET_KEY=sk_benchmark", "STRIPE_WEBHOOK_SECRET=" + stripeSecret, "STRIPE_BASE_URL=http://127.0.0.1:9", "STRIPE_PRICE_PRO_MONTHLY=price_1"}
	if err := l.restartServer(ctx, selling...); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.restartServer(ctx)) }()
	ours, err := stripeWebhooks(l.Server, "/api/webhooks/stripe")
	if err != nil {
		return err
	}
	byHand, err := stripeWebhooks(l.byHand, "/stripe")
	if err != nil {
		return err
	}
	return l.measureIntake(ctx, t, intake{what: "Webhooks of Stripe accepted a second, each with a signature over 1.7 KB", ours: ours, byHand: byHand})
}

// stripeWebhooks are those of one receiver; the number is in the id of the event.
func stripeWebhooks(p *lab.Process, path string) (*webhooks, error) {
	at, unsigned := time.Now().Unix(), strings.Repeat("-", hex.EncodedLen(sha256.Size))
	body := fmt.Sprintf(`{"object":"event","api_version":"2023-10-16","created":%d,"livemode":false,"type":"product.updated","data":{"object":{"id":"prod_1","object":"product","description":%q}},"id":"evt_%s"}`,
		at, strings.Repeat("a", stripeFiller), blank)
	request, err := wire("POST", p.URL+path, body, "Content-Type", "application/json", "Stripe-Signature", fmt.Sprintf("t=%d,v1=%s", at, unsigned))
	if err != nil {
		return nil, err
	}
	signature, signed := bytes.Index(request, []byte(unsigned)), bytes.Index(request, []byte(body))
	return every(request, func(request []byte) {
		mac := hmac.New(sha256.New, []byte(stripeSecret))
		_, _ = fmt.Fprintf(mac, "%d.", at)
		_, _ = mac.Write(request[signed:])
		hex.Encode(request[signature:], mac.Sum(nil))
	}), nil
}

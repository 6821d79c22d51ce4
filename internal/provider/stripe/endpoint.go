package stripe

import (
	"context"
	"fmt"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhookendpoint"
)

// Endpoint is an address that the vendor sends an account's webhooks to.
type Endpoint struct {
	URL        string
	Enabled    bool
	Events     []string // "*": nearly all
	APIVersion string   // empty: the account's own
}

// Endpoints are the account's. A restricted key needs a permission of its own for this.
func (c *Client) Endpoints(ctx context.Context) ([]Endpoint, error) {
	client := webhookendpoint.Client{B: c.backend, Key: c.key}
	list := client.List(&stripego.WebhookEndpointListParams{ListParams: listing(ctx)})
	var all []Endpoint
	for list.Next() {
		if len(all) == maxListed {
			return nil, fmt.Errorf("listing stripe's webhook endpoints: %w", errTooBig)
		}
		e := list.WebhookEndpoint()
		all = append(all, Endpoint{URL: e.URL, Enabled: e.Status == "enabled", Events: e.EnabledEvents, APIVersion: e.APIVersion})
	}
	return all, c.told("listing stripe's webhook endpoints", list.Err())
}

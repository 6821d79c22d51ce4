// Package stripe answers like Stripe's API in the version that stripe-go v76 pins, so that development and
// tests need no account: customers, prices, checkouts, subscriptions, invoices, payment methods, charges
// and disputes in memory, a page that pays, a portal, time that passes on command, and signed webhooks.
// No money moves. What it does not know it refuses by name, and on request it misbehaves as the vendor and
// networks do.
package stripe

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/vendor"
)

// APIVersion is the only one that is spoken: stripe-go v76's.
const APIVersion = "2023-10-16"

// Config says what the server works with.
type Config struct {
	Key     string  // the secret key, the only one that is let in; empty lets nobody in
	BaseURL string  // where browsers reach the pages; empty: as each request says
	Prices  []Price // what can be bought
	// EventVersion is what events say they are rendered in; empty: APIVersion. Only the name changes.
	EventVersion string
	// DunningEnds is what a subscription becomes after the last try to collect: canceled or unpaid; empty: canceled.
	DunningEnds string
	// Behind is how far its clock is behind ours at the start, so that a period or a dunning that Advance ends
	// is over now for those who look at their own clock.
	Behind time.Duration
	Keep   string // a file for what outlives a restart, see Load; empty: nothing does
	// WebhookPause is between two tries of a webhook; 0: defaultPause.
	WebhookPause time.Duration
	// Control opens POST /control/…: time, faults and what banks do, over HTTP.
	Control bool
}

// Price is something to buy.
type Price struct {
	ID       string
	Product  string // its name, which buyers see
	Amount   int64  // in the currency's smallest unit
	Currency string
	Interval string // month or year
}

const (
	// defaultPause is short: the vendor waits minutes, which nobody at a desk does.
	defaultPause = 2 * time.Second
	// maxBody is many times the largest request that we make.
	maxBody = 1 << 20
	// maxObjects of a kind bound memory: more than any test or demo makes.
	maxObjects = 10_000
	// bodyTimeout is for a form of a few hundred bytes.
	bodyTimeout = 10 * time.Second
)

// Server is the vendor as an http.Handler.
type Server struct {
	config Config
	mux    *http.ServeMux
	client *http.Client // for webhooks
	cancel context.CancelFunc
	done   chan struct{} // closed when nothing more is sent
	wake   chan struct{} // there are webhooks to send
	group  sync.WaitGroup

	mu            sync.Mutex // guards all below
	closed        bool
	dirty         bool          // there is something new to keep
	offset        time.Duration // how far time has been moved
	endpoint      Endpoint
	answers       answers
	customers     []*customer
	sessions      []*session
	subscriptions []*subscription
	invoices      []*invoice
	methods       []*method
	charges       []*charge
	disputes      []*dispute
	portals       map[string]*portal
	events        []*event
	queue         []*event
	faults        Faults
	stats         Stats
}

// New starts the sender of webhooks. Close ends it.
func New(config Config) *Server {
	if config.EventVersion == "" {
		config.EventVersion = APIVersion
	}
	if config.DunningEnds == "" {
		config.DunningEnds = canceled
	}
	if config.WebhookPause == 0 {
		config.WebhookPause = defaultPause
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{config: config, client: &http.Client{}, cancel: cancel, done: make(chan struct{}), wake: make(chan struct{}, 1), offset: -config.Behind, portals: map[string]*portal{}}
	s.mux = s.routes()
	s.group.Go(func() { s.send(ctx) })
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range s.api() {
		mux.HandleFunc(e.pattern, s.route(e))
	}
	mux.HandleFunc("/v1/", s.route(endpoint{name: "unknown", answer: func(*call) (any, error) { return nil, errNoRoute }}))
	s.pages(mux)
	if s.config.Control {
		s.control(mux)
	}
	return mux
}

// endpoint is one call of the API.
type endpoint struct {
	pattern string
	name    string   // what Faults.On strikes
	params  []string // all that are known, with [] for a number and [*] for any word
	answer  func(*call) (any, error)
}

func (s *Server) api() []endpoint {
	page := []string{"limit", "starting_after", "ending_before"}
	with := func(more ...string) []string { return append(more, page...) }
	return []endpoint{
		{"POST /v1/customers", "customers.create", []string{"email", "name", "metadata[*]"}, s.createCustomer},
		{"GET /v1/customers", "customers.list", with("email"), s.listCustomers},
		{"GET /v1/customers/{id}", "customers.get", nil, s.getCustomer},
		{"POST /v1/customers/{id}", "customers.update", []string{"email", "name", "metadata[*]", "invoice_settings[default_payment_method]"}, s.updateCustomer},
		{"GET /v1/prices/{id}", "prices.get", nil, s.getPrice},
		{"POST /v1/checkout/sessions", "checkout.create", []string{
			"mode", "customer", "client_reference_id", "success_url", "cancel_url", "metadata[*]", "line_items[][price]", "line_items[][quantity]",
			"subscription_data[metadata][*]", "subscription_data[trial_period_days]", "allow_promotion_codes", "expires_at",
		}, s.createSession},
		{"GET /v1/checkout/sessions", "checkout.list", with("customer", "status"), s.listSessions},
		{"GET /v1/checkout/sessions/{id}", "checkout.get", nil, s.getSession},
		{"POST /v1/checkout/sessions/{id}/expire", "checkout.expire", nil, s.expireSession},
		{"POST /v1/billing_portal/sessions", "portal.create", []string{"customer", "return_url"}, s.createPortal},
		{"GET /v1/subscriptions", "subscriptions.list", with("customer", "status", "price"), s.listSubscriptions},
		{"GET /v1/subscriptions/{id}", "subscriptions.get", nil, s.getSubscription},
		{"POST /v1/subscriptions/{id}", "subscriptions.update", []string{
			"cancel_at_period_end", "items[][id]", "items[][price]", "proration_behavior", "proration_date", "payment_behavior", "metadata[*]", "default_payment_method",
		}, s.updateSubscription},
		{"DELETE /v1/subscriptions/{id}", "subscriptions.cancel", nil, s.cancelSubscription},
		{"GET /v1/invoices", "invoices.list", with("customer", "subscription", "status"), s.listInvoices},
		{"GET /v1/invoices/upcoming", "invoices.upcoming", []string{
			"customer", "subscription", "subscription_items[][id]", "subscription_items[][price]", "subscription_proration_behavior", "subscription_proration_date",
		}, s.upcomingInvoice},
		{"GET /v1/invoices/{id}", "invoices.get", nil, s.getInvoice},
		{"GET /v1/payment_methods", "payment_methods.list", with("customer", "type"), s.listMethods},
		{"GET /v1/payment_methods/{id}", "payment_methods.get", nil, s.getMethod},
		{"POST /v1/payment_methods/{id}/detach", "payment_methods.detach", nil, s.detachMethod},
		{"GET /v1/charges/{id}", "charges.get", nil, s.getCharge},
		{"POST /v1/refunds", "refunds.create", []string{"charge", "amount", "reason"}, s.createRefund},
		{"GET /v1/webhook_endpoints", "webhook_endpoints.list", with(), s.listEndpoints},
		{"GET /v1/disputes/{id}", "disputes.get", nil, s.getDispute},
	}
}

// now is the vendor's time, which may differ from ours.
func (s *Server) now() int64 { return time.Now().Add(s.offset).Unix() }

// Close sends nothing more and waits for what is being sent, until ctx ends.
func (s *Server) Close(ctx context.Context) error {
	defer s.cancel()
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	return vendor.Drain(ctx, &s.group, s.cancel)
}

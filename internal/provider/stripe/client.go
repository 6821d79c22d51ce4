// Package stripe speaks Stripe's API through stripe-go v76, in the version of the API that it pins: what
// customers, checkouts, subscriptions, invoices and payment methods are now, the writes we make, and what
// its webhooks say. It knows the vendor's words and none of ours, and it is the only place that knows
// stripe-go. Money is an amount in the currency's smallest unit; the vendor's answers are bounded in size
// and time.
package stripe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
)

// APIVersion is what each call asks for, whatever the account's own version is.
const APIVersion = stripego.APIVersion

const (
	// callTimeout is several times what the vendor takes for a checkout, its slowest answer.
	callTimeout = 20 * time.Second
	// networkRetries repeat, under the same idempotency key, what never reached the vendor: one, because
	// jobs and people try again too.
	networkRetries = 1
	// maxAnswer is many times a page of 100 invoices with all their lines.
	maxAnswer = 32 << 20
	// maxListed bounds a list that is read to its end: no customer has so many, and a vendor that never
	// says "no more" must not keep us reading.
	maxListed = 1000
	// pageSize is the largest that the vendor gives.
	pageSize = 100
)

// Config says where the vendor is and who we are.
type Config struct {
	BaseURL string       // without a path; empty: the vendor's own
	Key     string       // the secret key
	HTTP    *http.Client // nil: one of our own. Its redirects are never followed
}

// Client calls the vendor. It may be used by many goroutines at once.
type Client struct {
	backend stripego.Backend
	key     string
}

// New makes a client.
func New(config Config) *Client {
	var client http.Client
	if config.HTTP != nil {
		client = *config.HTTP
	}
	if client.Transport == nil {
		client.Transport = http.DefaultTransport
	}
	client.Transport = bounded{client.Transport}
	client.Timeout = callTimeout
	// A followed redirect would send the key to wherever it points.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own := &stripego.BackendConfig{
		HTTPClient: &client, MaxNetworkRetries: stripego.Int64(networkRetries), EnableTelemetry: stripego.Bool(false),
		LeveledLogger: &stripego.LeveledLogger{Level: stripego.LevelNull}, // errors are returned, and logged by who asked
	}
	if config.BaseURL != "" {
		own.URL = stripego.String(config.BaseURL)
	}
	return &Client{backend: stripego.GetBackendWithConfig(stripego.APIBackend, own), key: config.Key}
}

// bounded cuts answers that do not end.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.next.RoundTrip(r)
	if err == nil {
		response.Body = &cut{ReadCloser: response.Body, left: maxAnswer}
	}
	return response, err
}

type cut struct {
	io.ReadCloser
	left int64
}

func (c *cut) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, fmt.Errorf("the answer is larger than %d bytes", int64(maxAnswer))
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

// reading are the parameters of a call that changes nothing.
func reading(ctx context.Context) stripego.Params { return stripego.Params{Context: ctx} }

// writing are those of a call that may be repeated under the same key, and then does nothing again.
func writing(ctx context.Context, key string) stripego.Params {
	return stripego.Params{Context: ctx, IdempotencyKey: stripego.String(key)}
}

// listing asks for whole pages, so that few are needed.
func listing(ctx context.Context) stripego.ListParams {
	return stripego.ListParams{Context: ctx, Limit: stripego.Int64(pageSize)}
}

// Page chooses a part of a list, newest first.
type Page struct {
	Limit int    // at most 100; 0: the vendor's own
	After string // only what comes after this id
}

func (p Page) params(ctx context.Context) stripego.ListParams {
	list := stripego.ListParams{Context: ctx, Single: true}
	if p.Limit > 0 {
		list.Limit = stripego.Int64(int64(min(p.Limit, pageSize)))
	}
	if p.After != "" {
		list.StartingAfter = stripego.String(p.After)
	}
	return list
}

// idPattern keeps an id that came from outside within its place in the path.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

var (
	errBadID  = errors.New("not an id of stripe's")
	errNoKey  = errors.New("a write to stripe needs an idempotency key of at most 255 characters")
	errTooBig = errors.New("the list does not end")
)

// id refuses what would leave its place in the path: the vendor would be asked for something else.
func checkID(ids ...string) error {
	for _, id := range ids {
		if !idPattern.MatchString(id) {
			return errBadID
		}
	}
	return nil
}

// checkWrite refuses a write that could not be repeated.
func checkWrite(key string, ids ...string) error {
	if key == "" || len(key) > 255 { // the vendor's bound
		return errNoKey
	}
	return checkID(ids...)
}

// at is a moment of the vendor's; zero where there is none.
func at(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

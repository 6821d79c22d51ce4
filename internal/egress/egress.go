// Package egress fetches from addresses that users gave. Such an address may lead to a machine of ours, to
// a cloud's metadata or to whatever a name is changed to after it was looked at, so the guard stands where
// the connection is made: behind DNS and behind each redirect. A fetch is bounded in size, time and pace
// and takes nothing of ours along: no proxy, no cookie, no credentials.
package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"code.dny.dev/ssrf"
)

const (
	// dialTimeout and tlsTimeout are each for a few round trips around the world.
	dialTimeout = 10 * time.Second
	tlsTimeout  = 10 * time.Second
	// headerTimeout is what a storage that has to wake something up may take for its first byte.
	headerTimeout = 20 * time.Second
	// maxHeader is eight times what servers usually allow themselves; the default of 10 MB is for nobody.
	maxHeader = 64 << 10
	// maxRedirects is for a short link, the page behind it, and the storage with the bytes.
	maxRedirects = 3
	// idleTimeout ends a body in which nothing moves.
	idleTimeout = 30 * time.Second
	// slowest is the pace, in bytes a second, below which a body is cut although it still moves; the grace
	// before it counts lets a server warm up. Without it, a byte now and then would hold a worker for as
	// long as a fetch may take at all.
	slowest = 16 << 10
	grace   = 30 * time.Second
)

var (
	// ErrAddress is for an address that is never asked: not https, or not public.
	ErrAddress = errors.New("not a public https address")
	// ErrRedirects is for an address that leads on and on.
	ErrRedirects = errors.New("too many redirects")
	// ErrTooLarge is for a body above the limit.
	ErrTooLarge = errors.New("the body is too large")
	// ErrSlow is for a body that does not come at a pace worth waiting for.
	ErrSlow = errors.New("the body comes too slowly")
)

// StatusError is an answer that is not 200.
type StatusError struct{ Status int }

func (e *StatusError) Error() string { return fmt.Sprintf("answered with status %d", e.Status) }

// Temporary says whether the server itself takes this for something that passes.
func (e *StatusError) Temporary() bool {
	return e.Status >= 500 || e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout
}

// Config is for tests and development; in production it is empty.
type Config struct {
	// Allow holds networks that may be reached although they are not public, also by http and on any port.
	Allow    []netip.Prefix
	Resolver *net.Resolver // nil: the machine's
}

// Client fetches. It may be used by many goroutines at once.
type Client struct {
	allow []netip.Prefix
	guard *ssrf.Guardian
	http  *http.Client
	// idle and grace are fields so that a test need not wait that long.
	idle, grace time.Duration
}

// New makes a client.
func New(cfg Config) *Client {
	options := []ssrf.Option{ssrf.WithPorts(443)}
	if len(cfg.Allow) > 0 {
		options = append(options, ssrf.WithAnyPort(),
			ssrf.WithAllowedV4Prefixes(slices.DeleteFunc(slices.Clone(cfg.Allow), func(p netip.Prefix) bool { return p.Addr().Is6() })...),
			ssrf.WithAllowedV6Prefixes(slices.DeleteFunc(slices.Clone(cfg.Allow), func(p netip.Prefix) bool { return p.Addr().Is4() })...))
	}
	c := &Client{allow: cfg.Allow, guard: ssrf.New(options...), idle: idleTimeout, grace: grace}
	dialer := &net.Dialer{Timeout: dialTimeout, Control: c.guard.Safe, Resolver: cfg.Resolver}
	c.http = &http.Client{
		CheckRedirect: c.redirect,
		Transport: &http.Transport{
			Proxy:       nil, // of the environment: behind one, the guard would see the proxy's address only
			DialContext: dialer.DialContext, TLSHandshakeTimeout: tlsTimeout, ResponseHeaderTimeout: headerTimeout,
			MaxResponseHeaderBytes: maxHeader,
			DisableKeepAlives:      true, // one file an address: nothing to keep a connection for
			DisableCompression:     true, // what is counted and bounded is what is stored
		},
	}
	return c
}

// Limits bound one fetch.
type Limits struct {
	Bytes int64
	Time  time.Duration // from the first byte sent to the last one read
}

// Get asks for the bytes behind an address. The caller closes the body. Errors: ErrAddress, ErrRedirects,
// ErrTooLarge, ErrSlow, *StatusError; every other is trouble on the way. None shows the address, whose
// query is often a key.
func (c *Client) Get(ctx context.Context, address string, limits Limits) (*Body, error) {
	to, err := c.Check(address)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeoutCause(ctx, limits.Time, ErrSlow)
	ctx, cancel := context.WithCancelCause(ctx)
	end := func() { cancel(nil); stop() }
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		end()
		return nil, ErrAddress
	}
	request.Header.Set("User-Agent", "Switchboard")
	request.Header.Set("Accept", "audio/*, video/*;q=0.9, */*;q=0.5")
	response, err := c.http.Do(request)
	if err != nil {
		defer end()
		return nil, fmt.Errorf("fetching: %w", told(ctx, err))
	}
	body := &Body{from: response.Body, ctx: ctx, end: end, Size: response.ContentLength, left: limits.Bytes, began: time.Now(), grace: c.grace, idle: c.idle}
	body.stalled = time.AfterFunc(c.idle, func() { cancel(ErrSlow) })
	body.stalled.Stop() // each read starts it anew
	switch {
	case response.StatusCode != http.StatusOK:
		body.Close()
		return nil, fmt.Errorf("fetching: %w", &StatusError{response.StatusCode})
	case response.ContentLength > limits.Bytes:
		body.Close()
		return nil, fmt.Errorf("fetching: %w: %d bytes of %d", ErrTooLarge, response.ContentLength, limits.Bytes)
	}
	return body, nil
}

// redirect looks at a new address like at the first. The header that Go adds would show the server behind a
// redirect the address before it.
func (c *Client) redirect(next *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return ErrRedirects
	}
	next.Header.Del("Referer")
	_, err := c.Check(next.URL.String())
	return err
}

// told takes the address out of an error and brings the guard's into one form.
func told(ctx context.Context, err error) error {
	var around *url.Error
	if errors.As(err, &around) {
		err = around.Err
	}
	if errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort) || errors.Is(err, ssrf.ErrProhibitedNetwork) {
		return ErrAddress
	}
	if cause := context.Cause(ctx); errors.Is(cause, ErrSlow) {
		return cause
	}
	return err
}

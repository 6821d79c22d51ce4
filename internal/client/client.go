// Package client speaks to a Switchboard server as a program does: GraphQL over HTTP, subscriptions over
// graphql-transport-ws, and bytes to and from signed links. It owns when something is tried again, so
// that its users get an answer or the reason why there is none. The command line, the demos and the
// end-to-end tests use it; nothing in the server does.
package client

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"
)

// Config says which server, and as whom.
type Config struct {
	Server string // "http://localhost:8080"; a path in it is kept
	Token  string // a bearer token; empty: nobody, or whom the jar of HTTP knows
	Origin string // for playing a browser's page; empty: none is sent, as programs do
	HTTP   *http.Client
	// Retrying is told of what failed before it is tried again after the pause. It may be nil.
	Retrying func(cause error, pause time.Duration)
}

// Client may be used by many goroutines at once.
type Client struct {
	config   Config
	endpoint *url.URL
	invalid  error // the address of the server makes no sense
	api      *http.Client
	bucket   *http.Client // without cookies: a signed link is all that a bucket may see
	dialer   *websocket.Dialer
	backoff  backoff
}

// New makes a client. A bad address is told by the first call.
func New(config Config) *Client {
	var api http.Client
	if config.HTTP != nil {
		api = *config.HTTP
	}
	// A redirect would turn a POST into a GET, and a signature fits one address only.
	api.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	bucket := api
	bucket.Jar = nil
	c := &Client{config: config, api: &api, bucket: &bucket, dialer: dialer(&api), backoff: backoff{first: firstPause, most: maxPause}}
	c.endpoint, c.invalid = endpoint(config.Server)
	return c
}

func endpoint(server string) (*url.URL, error) {
	u, err := url.Parse(server)
	if err != nil {
		return nil, fmt.Errorf("reading the server's address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("the server's address %q must begin with http:// or https:// and name a host", server)
	}
	return u.JoinPath("graphql"), nil
}

// dialer reaches the server the same way as the HTTP client does.
func dialer(api *http.Client) *websocket.Dialer {
	d := &websocket.Dialer{
		Subprotocols: []string{subprotocol}, HandshakeTimeout: helloTimeout, Jar: api.Jar, Proxy: http.ProxyFromEnvironment,
	}
	if transport, ok := api.Transport.(*http.Transport); ok {
		d.NetDialContext, d.Proxy = transport.DialContext, transport.Proxy
		if transport.TLSClientConfig != nil {
			d.TLSClientConfig = transport.TLSClientConfig.Clone()
			d.TLSClientConfig.NextProtos = nil // an offer of HTTP/2 would be taken, and that upgrades nothing
		}
	}
	return d
}

func (c *Client) bearer() string { return "Bearer " + c.config.Token }

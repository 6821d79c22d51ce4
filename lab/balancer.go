package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// Balancer is the load balancer before the servers: it takes one that answers, and repeats reads.
type Balancer struct {
	URL    string
	Repeat func(*http.Request) bool // what is repeated, as a second server would answer it; nil: reads

	pass http.Transport

	mu      sync.Mutex
	servers []string
	next    int
}

// Balance starts a balancer; Serve tells it of its servers.
func (l *Lab) Balance() (*Balancer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the balancer's port: %w", err)
	}
	b := &Balancer{URL: "http://" + listener.Addr().String()}
	// A connection for each request: one to a server that died would be an error that no user of a real
	// balancer sees.
	b.pass = http.Transport{DisableKeepAlives: true, DialContext: b.dial}
	target, err := url.Parse(b.URL)
	if err != nil {
		return nil, fmt.Errorf("reading the balancer's address: %w", err)
	}
	proxy := &httputil.ReverseProxy{Transport: b, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ErrorHandler: badGateway}
	web := &http.Server{Handler: proxy, ReadHeaderTimeout: Patience}
	go func() { _ = web.Serve(listener) }() // ends with Close
	l.AtEnd(web.Close)
	return b, nil
}

func badGateway(w http.ResponseWriter, _ *http.Request, _ error) {
	w.WriteHeader(http.StatusBadGateway)
}

// Serve replaces the servers.
func (b *Balancer) Serve(servers ...*Process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers = nil
	for _, s := range servers {
		b.servers = append(b.servers, s.Address)
	}
}

// dial takes the servers in turn and passes over those that are dead.
func (b *Balancer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	b.mu.Lock()
	servers, first := b.servers, b.next
	b.next++
	b.mu.Unlock()
	err := errors.New("there is no server")
	for i := range servers {
		var conn net.Conn
		dialer := net.Dialer{Timeout: time.Second}
		if conn, err = dialer.DialContext(ctx, network, servers[(first+i)%len(servers)]); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// RoundTrip reads the whole answer of what may be repeated before it is passed on. It is asked for again until
// there is one: a server that died has another in its place within moments.
func (b *Balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Upgrade") != "" || !b.repeats(r) {
		return b.pass.RoundTrip(r)
	}
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("reading a request: %w", err)
		}
	}
	for began := time.Now(); ; {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(sent))
		response, err := b.whole(again)
		if err == nil || time.Since(began) > Patience || Pause(r.Context(), PollEvery) != nil {
			return response, err
		}
	}
}

func (b *Balancer) repeats(r *http.Request) bool {
	return r.Method == http.MethodGet || b.Repeat != nil && b.Repeat(r)
}

func (b *Balancer) whole(r *http.Request) (*http.Response, error) {
	response, err := b.pass.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

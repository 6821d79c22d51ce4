package main

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

	"github.com/switchboard-voice/switchboard/lab"
)

// balancerTries is how often a read is repeated: one server dies at a time, so the second is enough, and the
// rest is for a server that dies right after its start.
const balancerTries = 5

// balancer is the load balancer before the servers: it takes one that answers, and repeats reads.
type balancer struct {
	url  string
	pass http.Transport

	mu      sync.Mutex
	servers []string
	next    int
}

// balance starts a balancer; serve tells it of its servers.
func (l *stage) balance() (*balancer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening the balancer's port: %w", err)
	}
	b := &balancer{url: "http://" + listener.Addr().String()}
	// A connection for each request: one to a server that died would be an error that no user of a real
	// balancer sees.
	b.pass = http.Transport{DisableKeepAlives: true, DialContext: b.dial}
	target, err := url.Parse(b.url)
	if err != nil {
		return nil, fmt.Errorf("reading the balancer's address: %w", err)
	}
	proxy := &httputil.ReverseProxy{Transport: b, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, ErrorHandler: badGateway}
	web := &http.Server{Handler: proxy, ReadHeaderTimeout: lab.Patience}
	go func() { _ = web.Serve(listener) }() // ends with Close
	l.AtEnd(web.Close)
	return b, nil
}

func badGateway(w http.ResponseWriter, _ *http.Request, _ error) {
	w.WriteHeader(http.StatusBadGateway)
}

func (b *balancer) serve(servers ...*lab.Process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.servers = nil
	for _, s := range servers {
		b.servers = append(b.servers, s.Address)
	}
}

// dial takes the servers in turn and passes over those that are dead.
func (b *balancer) dial(ctx context.Context, network, _ string) (net.Conn, error) {
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

// RoundTrip reads the whole answer of a GET before it is passed on, so that it can be asked for again.
func (b *balancer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet || r.Header.Get("Upgrade") != "" {
		return b.pass.RoundTrip(r)
	}
	for try := 1; ; try++ {
		response, err := b.whole(r)
		if err == nil || try == balancerTries || lab.Pause(r.Context(), lab.PollEvery) != nil {
			return response, err
		}
	}
}

func (b *balancer) whole(r *http.Request) (*http.Response, error) {
	response, err := b.pass.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}

package oidc

import (
	"net/http"
)

// maxAnswer is far above key sets and profiles.
const maxAnswer = 1 << 20

// bounded never follows a redirect, which would carry the secret along, and cuts what is too long.
func bounded(c *http.Client) *http.Client {
	own := http.Client{Timeout: callTimeout}
	if c != nil {
		own.Transport = c.Transport
	}
	own.Transport = cut{own.Transport}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

type cut struct{ next http.RoundTripper }

func (c cut) RoundTrip(r *http.Request) (*http.Response, error) {
	next := c.next
	if next == nil {
		next = http.DefaultTransport
	}
	response, err := next.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxAnswer)
	}
	return response, err
}

package main

import (
	"context"
	"net"
	"net/http"
	"time"
)

// localProvider stands in for a vendor.
type localProvider interface {
	http.Handler
	Close(ctx context.Context) error
}

// localHeader is generous for a caller on this machine.
const localHeader = 10 * time.Second

// serveLocal lets a provider answer at a port. stop gives up what is still under way after a while.
func serveLocal(listener net.Listener, api localProvider, patience time.Duration) (stop func()) {
	server := &http.Server{Handler: api, ReadHeaderTimeout: localHeader}
	go func() { _ = server.Serve(listener) }() // ends with Close below
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = api.Close(ctx)
		_ = server.Close()
	}
}

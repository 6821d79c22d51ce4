// Package vendor is what the local providers have in common: how a fault is used up, how a connection breaks, and how
// a provider ends.
package vendor

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Spend counts a fault down and says whether there was one left.
func Spend(n *int) bool {
	if *n <= 0 {
		return false
	}
	*n--
	return true
}

// Reset breaks the connection as a network does: without an answer, without a farewell.
func Reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // the server's own way to say nothing
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// Drain waits for what is under way; when ctx ends it is canceled, and waited for all the same.
func Drain(ctx context.Context, underWay *sync.WaitGroup, cancel func()) error {
	idle := make(chan struct{})
	go func() {
		underWay.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		cancel()
		<-idle
		return ctx.Err()
	}
}

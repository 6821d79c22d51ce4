package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// headerTimeout is for the request line and the headers, which fit one packet or a few.
	headerTimeout = 5 * time.Second
	// readTimeout is for a whole request: 256 KiB at the speed of a weak mobile line, with time to spare.
	// Uploads to the local bucket set deadlines of their own, and sockets have none of these.
	readTimeout = 30 * time.Second
	// writeTimeout counts from the headers: reading the body, the operation's own time, and the answer.
	writeTimeout = readTimeout + operationTimeout + 30*time.Second
	// idleTimeout is above the 60 s of the usual load balancers: who closes first must be the one that
	// sends, else a request meets a connection that is just being closed.
	idleTimeout = 75 * time.Second
	// maxHeader, in bytes, has room for a session of Auth.js in several cookies of 4 KB.
	maxHeader = 64 << 10
	// maxConnections fits the 10,000 websockets and leaves 2,000 for requests; each costs a file descriptor.
	maxConnections = 12_000
	// settleTime is how long requests are still taken after readiness has turned: load balancers that
	// ask every second have seen it by then, and others try again elsewhere.
	settleTime = time.Second
)

// Server serves a handler until it is drained.
type Server struct {
	http     http.Server
	settle   time.Duration
	refusing atomic.Bool
	cut      context.CancelFunc // ends the context of every request
}

// New makes a server with every time-out set.
func New(handler http.Handler) *Server {
	life, cut := context.WithCancel(context.Background())
	s := &Server{settle: settleTime, cut: cut}
	s.http = http.Server{
		BaseContext:       func(net.Listener) context.Context { return life },
		Handler:           s.refusal(handler),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	return s
}

// Serve accepts until Drain; then it returns nil.
func (s *Server) Serve(listener net.Listener) error {
	err := s.http.Serve(capped(listener, maxConnections))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serving HTTP: %w", err)
}

// Refuse turns readiness to 503, so that load balancers send requests elsewhere. Those that still come
// are answered, and their connections closed after the answer: closing idle ones here, as the server
// could, would meet requests that are just on their way.
func (s *Server) Refuse() { s.refusing.Store(true) }

// Drain refuses first, waits until load balancers know, then stops to accept and waits for the running
// requests. When ctx ends before them, they are cut: their contexts end too, because closing a connection
// is noticed only by a handler that has read its body. It knows nothing of websockets.
func (s *Server) Drain(ctx context.Context) error {
	defer s.cut()
	s.Refuse()
	select {
	case <-time.After(s.settle):
	case <-ctx.Done():
	}
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("waiting for requests: %w", err), s.http.Close())
	}
	return nil
}

// refusal answers for readiness itself once it has turned, whatever the handler would say.
func (s *Server) refusal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.refusing.Load() {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Connection", "close")
		if r.URL.Path == readyPath {
			notReady(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

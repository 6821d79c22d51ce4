package httpserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEveryTimeoutOfTheServerIsSet(t *testing.T) {
	t.Parallel()
	s := New(Routes(all()))
	for name, set := range map[string]time.Duration{
		"ReadHeaderTimeout": s.http.ReadHeaderTimeout, "ReadTimeout": s.http.ReadTimeout, "WriteTimeout": s.http.WriteTimeout, "IdleTimeout": s.http.IdleTimeout,
	} {
		if set <= 0 {
			t.Errorf("%s is not set", name)
		}
	}
	if s.http.WriteTimeout <= readTimeout+operationTimeout {
		t.Error("an operation that takes its time could not be answered any more")
	}
}

func TestConnectionsBeyondTheLimitWaitUntilOneCloses(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := capped(inner, 1)
	accepted := make(chan net.Conn)
	ended := make(chan error, 1)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- conn
		}
	}()
	for range 2 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	first := <-accepted
	select {
	case <-accepted:
		t.Fatal("two are open, one is allowed")
	case <-time.After(50 * time.Millisecond):
	}
	_ = first.Close()
	_ = first.Close() // must not free a second place
	second := <-accepted
	if err := listener.Close(); err != nil { // while Accept waits for a place
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept ended with %v", err)
	}
	_ = second.Close()
}

// held is a handler that says when it runs and goes on when told.
func held() (h Handlers, running chan struct{}, goOn chan struct{}) {
	running, goOn = make(chan struct{}), make(chan struct{})
	h = all()
	h.GraphQL = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running <- struct{}{}
		select {
		case <-goOn:
			_, _ = io.WriteString(w, "whole")
		case <-r.Context().Done():
		}
	})
	return h, running, goOn
}

func TestDrainTurnsReadinessThenRefusesAndWaitsForRunningRequests(t *testing.T) {
	t.Parallel()
	h, running, goOn := held()
	s := start(t, h, func(s *Server) { s.settle = time.Second })
	request := make(chan answered, 1)
	go func() {
		got, err := s.try(http.MethodPost, "/graphql", "{}", nil)
		if err != nil {
			t.Errorf("the running request was lost: %v", err)
		}
		request <- got
	}()
	<-running

	s.server.Refuse()
	if got := s.do(http.MethodGet, "/ready", "", nil); got.status != http.StatusServiceUnavailable {
		t.Errorf("still ready: %d", got.status)
	}
	got := s.do(http.MethodPost, "/api/webhooks/assemblyai", "{}", nil)
	if got.status != http.StatusOK || got.body != "webhook assemblyai" {
		t.Errorf("refused before load balancers know: %d", got.status)
	}
	drained, began := make(chan error, 1), time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() { drained <- s.server.Drain(ctx) }()
	eventually(t, "new connections are refused", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	if took := time.Since(began); took < s.server.settle {
		t.Errorf("load balancers had %s to know", took)
	}
	select {
	case err := <-drained:
		t.Fatalf("drained (%v) while a request runs", err)
	default:
	}
	close(goOn)
	if got := <-request; got.body != "whole" {
		t.Errorf("the running request was answered %q", got.body)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestConnectionsAreClosedAfterTheirAnswerWhileRefusing(t *testing.T) {
	t.Parallel()
	s := start(t, all())
	conn := s.dial()
	s.server.Refuse()
	_, _ = io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
	text, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(text), "HTTP/1.1 200") || !strings.Contains(string(text), "Connection: close") {
		t.Errorf("%s %v", text, err)
	}
}

func TestDrainCutsWhatDoesNotEndInTime(t *testing.T) {
	t.Parallel()
	h, running, _ := held()
	s := start(t, h)
	lost := make(chan error, 1)
	go func() {
		_, err := s.try(http.MethodPost, "/graphql", "{}", nil)
		lost <- err
	}()
	<-running
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.server.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("drained with %v", err)
	}
	if err := <-lost; err == nil {
		t.Error("the request was answered")
	}
}

package postgres_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestNotificationsAreHeardInOrder(t *testing.T) {
	t.Parallel()
	address := testdb.Empty(t)
	ear := listen(t, address)
	receive(t, ear.missed)
	for _, payload := range []string{"one", "two"} {
		execute(t, address, "NOTIFY "+postgres.Channel+", '"+payload+"'")
	}
	for _, want := range []string{"one", "two"} { // and not the listener's own proof
		if got := receive(t, ear.heard); got != want {
			t.Errorf("heard %q, want %q", got, want)
		}
	}
}

func TestAKilledListenerComesBackAndSaysThatItMayHaveMissedSomething(t *testing.T) {
	t.Parallel()
	address := testdb.Empty(t)
	ear := listen(t, address)
	for range 2 {
		receive(t, ear.missed)
		killed := rows(t, address, "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE $1", "LISTEN%")
		if len(killed) != 1 {
			t.Fatalf("%d listeners to kill", len(killed))
		}
	}
	receive(t, ear.missed)
	execute(t, address, "NOTIFY "+postgres.Channel+", 'again'")
	if got := receive(t, ear.heard); got != "again" {
		t.Errorf("heard %q", got)
	}
}

func TestAListenerThatNobodyAnswersEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		postgres.Listener{URL: "postgres://nobody@127.0.0.1:1/none?sslmode=disable"}.Run(ctx)
		close(ended)
	}()
	cancel()
	receive(t, ended)
}

func TestThroughATransactionPoolerTheListenerSaysThatItIsDeaf(t *testing.T) {
	t.Parallel()
	address := deafPooler(t, testdb.Empty(t))
	missed := false
	err := postgres.Listener{URL: address, Heard: func(string) {}, Missed: func() { missed = true }}.Session(t.Context())
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL_UNPOOLED") || missed {
		t.Errorf("error = %v, Missed called: %t", err, missed)
	}
}

type ear struct {
	heard  chan string
	missed chan struct{}
}

func listen(t *testing.T, address string) ear {
	t.Helper()
	e := ear{heard: make(chan string, 8), missed: make(chan struct{}, 8)}
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	listener := postgres.Listener{URL: address, Heard: func(payload string) { e.heard <- payload }, Missed: func() { e.missed <- struct{}{} }}
	ended.Go(func() { listener.Run(ctx) })
	t.Cleanup(func() { cancel(); ended.Wait() })
	return e
}

func receive[T any](t *testing.T, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing came")
	}
	return got
}

// deafPooler stands before a server and passes everything on but notifications, as transaction poolers do.
func deafPooler(t *testing.T, address string) string {
	t.Helper()
	pooled, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := pooled.Host
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			ended.Go(func() { serveDeaf(client, server) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); ended.Wait() })
	pooled.Host = listener.Addr().String()
	return pooled.String()
}

func serveDeaf(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp4", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { // ends with the connections
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	for {
		var head [5]byte // a type and a length that counts itself
		if _, err := io.ReadFull(server, head[:]); err != nil {
			return
		}
		to := io.Writer(client)
		if head[0] == 'A' {
			to = io.Discard
		}
		if _, err := to.Write(head[:]); err != nil {
			return
		}
		if _, err := io.CopyN(to, server, int64(binary.BigEndian.Uint32(head[1:]))-4); err != nil {
			return
		}
	}
}

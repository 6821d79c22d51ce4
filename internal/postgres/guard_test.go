package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// killAll ends every session on a database and waits until they are gone.
func killAll(t *testing.T, address string) {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	outside := connect(t, os.Getenv(testdb.Variable))
	if _, err := outside.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1", target.Path[1:]); err != nil {
		t.Fatal(err)
	}
}

func TestAReadOnAConnectionThatDiedInThePoolSucceedsOrAsksToComeAgain(t *testing.T) {
	t.Parallel()
	address := testdb.New(t)
	store := open(t, address)
	organization, failed := plant(t, store, "one"), 0
	for range 20 {
		killAll(t, address)
		found, err := store.ListOrganizations(t.Context(), []uuid.UUID{organization})
		switch {
		case err == nil && len(found) == 1:
			continue
		case err == nil || !fault.Is(err, fault.CodeUnavailable):
			t.Fatalf("%d organizations, error %v", len(found), err)
		}
		if failed++; failed > 20 {
			t.Fatal("no read ever succeeds")
		}
		if _, err := store.GetActivityHead(t.Context(), organization); err != nil {
			t.Errorf("the next read, on a new connection: %v", err)
		}
	}
}

func TestAConnectionCutBetweenTheQuestionAndTheAnswerAsksToComeAgain(t *testing.T) {
	t.Parallel()
	wire := cuttable(t, testdb.New(t))
	store := open(t, wire.address)
	plant(t, store, "one")
	wake := false
	waking, err := postgres.Open(t.Context(), postgres.Config{URL: wire.address, Wake: func(context.Context, []uuid.UUID) { wake = true }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(waking.Close)
	for name, ask := range map[string]func() error{
		"one row":   func() error { _, err := store.GetActivityHead(t.Context(), uuid.New()); return err },
		"many rows": func() error { _, err := store.ListOrganizations(t.Context(), []uuid.UUID{uuid.New()}); return err },
		"a write":   func() error { return store.MarkTranscriptionChecked(t.Context(), uuid.New()) },
		"a commit": func() error {
			return waking.InTx(t.Context(), func(tx *postgres.Tx) error {
				_, err := tx.GetActivityHead(t.Context(), uuid.New())
				tx.WakeAfterCommit(uuid.New())
				wire.cut.Store(err == nil)
				return err
			})
		},
	} {
		_ = ask() // now everything is described and only the question itself crosses the wire
		wire.cut.Store(true)
		if err := ask(); !fault.Is(err, fault.CodeUnavailable) {
			t.Errorf("%s: %v, want a fault that says: try again", name, err)
		}
		wire.cut.Store(false)
	}
	if wake {
		t.Error("somebody was woken for a commit that nobody knows of")
	}
}

func TestATransactionWhoseConnectionDiesInTheMiddleIsRolledBackWhole(t *testing.T) {
	t.Parallel()
	address := testdb.New(t)
	store := open(t, address)
	err := store.InTx(t.Context(), func(tx *postgres.Tx) error {
		if _, err := insert(t.Context(), tx.Queries, "one"); err != nil {
			return err
		}
		killAll(t, address)
		_, err := insert(t.Context(), tx.Queries, "two")
		return err
	})
	if !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("error = %v", err)
	}
	if found := rows(t, address, "SELECT slug FROM switchboard.organizations WHERE slug <> $1", ""); len(found) != 0 {
		t.Errorf("%v were kept", found)
	}
}

func TestATransactionCommitsOnceOrNotAtAllWhileConnectionsDie(t *testing.T) {
	t.Parallel()
	address := testdb.New(t)
	store := open(t, address)
	var all sync.WaitGroup
	outcomes := make([]error, 200)
	var next atomic.Int64
	strikes := make(chan struct{}, len(outcomes))
	for range 8 {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(outcomes)); i = next.Add(1) - 1 {
				outcomes[i] = store.InTx(t.Context(), func(tx *postgres.Tx) error {
					_, one := insert(t.Context(), tx.Queries, name(i, "a"))
					_, two := insert(t.Context(), tx.Queries, name(i, "b"))
					return errors.Join(one, two)
				})
				if i%10 == 0 {
					strikes <- struct{}{}
				}
			}
		})
	}
	go func() { all.Wait(); close(strikes) }()
	for range strikes {
		killAll(t, address)
	}
	kept := map[string]bool{}
	for _, slug := range rows(t, address, "SELECT slug FROM switchboard.organizations WHERE slug <> $1", "") {
		kept[slug] = true
	}
	for i, err := range outcomes {
		a, b := kept[name(int64(i), "a")], kept[name(int64(i), "b")]
		if a != b {
			t.Errorf("half of transaction %d was kept", i)
		}
		if err == nil && !a {
			t.Errorf("transaction %d was committed and is not there", i)
		}
		if err != nil && !fault.Is(err, fault.CodeUnavailable) {
			t.Errorf("transaction %d: %v", i, err)
		}
	}
}

func name(i int64, half string) string {
	return "o" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + half
}

func insert(ctx context.Context, queries *db.Queries, slug string) (*db.Organization, error) {
	return queries.UpsertOrganization(ctx, db.UpsertOrganizationParams{ID: uuid.New(), Name: slug, Slug: slug})
}

func plant(t *testing.T, store *postgres.Store, slug string) uuid.UUID {
	t.Helper()
	made, err := insert(t.Context(), store.Queries, slug)
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}

// wire passes everything on to a server. When cut is set it takes what the client says next and hangs up.
type wire struct {
	address string
	cut     atomic.Bool
}

func cuttable(t *testing.T, address string) *wire {
	t.Helper()
	direct, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w, server := &wire{}, direct.Host
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			ended.Go(func() { w.serve(client, server) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); ended.Wait() })
	direct.Host = listener.Addr().String()
	w.address = direct.String()
	return w
}

func (w *wire) serve(client net.Conn, address string) {
	defer client.Close()
	server, err := net.Dial("tcp4", address)
	if err != nil {
		return
	}
	go func() { // ends with the connections
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	defer server.Close()
	said := make([]byte, 64<<10)
	for {
		n, err := client.Read(said)
		if err != nil || w.cut.Load() {
			return
		}
		if _, err := server.Write(said[:n]); err != nil {
			return
		}
	}
}

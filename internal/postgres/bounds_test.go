package postgres_test

import (
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func openSmall(t *testing.T, address string, conns int32) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), postgres.Config{URL: address, MaxConns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

func TestWhoWaitsTooLongForAConnectionIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	store := openSmall(t, testdb.New(t), 1)
	err := store.InTx(t.Context(), func(*postgres.Tx) error {
		began := time.Now()
		_, read := store.ListUsers(t.Context(), nil)
		write := store.InTx(t.Context(), func(*postgres.Tx) error { return nil })
		if !fault.Is(read, fault.CodeUnavailable) || !fault.Is(write, fault.CodeUnavailable) {
			t.Errorf("while the only connection is in use: %v and %v", read, write)
		}
		if took := time.Since(began); took < 3*time.Second || took > 30*time.Second {
			t.Errorf("two waits took %s", took)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := store.ListUsers(t.Context(), nil); err != nil {
		t.Errorf("when it is free again: %v", err)
	}
}

func TestNobodyNoticesThatThePoolsConnectionsWereKilled(t *testing.T) {
	t.Parallel()
	address := testdb.New(t)
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	store := openSmall(t, address, 2)
	outside := connect(t, os.Getenv(testdb.Variable))
	for round := range 10 {
		fill(t, store)
		if _, err := outside.Exec(t.Context(), "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1", target.Path[1:]); err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 {
			_, err = store.GetActivityHead(t.Context(), uuid.New())
		} else {
			err = store.InTx(t.Context(), func(tx *postgres.Tx) error { _, err := tx.ListUsers(t.Context(), nil); return err })
		}
		if err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
}

// fill has both connections of a pool in use at the same time, so that both are there.
func fill(t *testing.T, store *postgres.Store) {
	t.Helper()
	var both, done sync.WaitGroup
	both.Add(2)
	for range 2 {
		done.Go(func() {
			err := store.InTx(t.Context(), func(*postgres.Tx) error {
				both.Done()
				both.Wait()
				return nil
			})
			if err != nil {
				t.Errorf("filling the pool: %v", err)
				both.Done()
			}
		})
	}
	done.Wait()
}

func TestWhatAHangingProcessLeftOpenIsEndedByTheServer(t *testing.T) {
	t.Parallel()
	store := openSmall(t, testdb.New(t), 1)
	asked := func(tx *postgres.Tx) (all string, err error) {
		err = tx.Raw.QueryRow(t.Context(), `SELECT concat_ws(' ', current_setting('lock_timeout'), current_setting('statement_timeout'),
			current_setting('idle_in_transaction_session_timeout'))`).Scan(&all)
		return all, err
	}
	err := store.InTx(t.Context(), func(tx *postgres.Tx) error {
		inside, err := asked(tx)
		if inside != "5s 30s 30s" {
			t.Errorf("inside a transaction: %s", inside)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var after string
	if err := store.Pool().QueryRow(t.Context(), "SHOW idle_in_transaction_session_timeout").Scan(&after); err != nil || after != "0" {
		t.Errorf("the next user of the connection, who may be another program behind a pooler, finds %s %v", after, err)
	}
}

func TestALockThatIsHeldTooLongAsksToComeAgain(t *testing.T) {
	t.Parallel()
	store := openSmall(t, testdb.New(t), 2)
	const claim = "LOCK TABLE switchboard.users IN ACCESS EXCLUSIVE MODE"
	err := store.InTx(t.Context(), func(tx *postgres.Tx) error {
		if _, err := tx.Raw.Exec(t.Context(), claim); err != nil {
			return err
		}
		err := store.InTx(t.Context(), func(second *postgres.Tx) error {
			_, err := second.Raw.Exec(t.Context(), claim)
			return err
		})
		if !fault.Is(err, fault.CodeUnavailable) {
			t.Errorf("the second one: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

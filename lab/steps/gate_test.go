package steps

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// patience is for one statement on a busy machine.
const patience = 60 * time.Second

// through opens a connection through a gate, and one beside it. There is a table t.
func through(t *testing.T, m *Moments) (watched, beside *pgx.Conn) {
	t.Helper()
	database := testdb.Empty(t)
	gate, address, err := openGate(m, database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gate.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	open := func(address string) *pgx.Conn {
		conn, err := pgx.Connect(ctx, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		return conn
	}
	watched, beside = open(address), open(database)
	if _, err := beside.Exec(ctx, "CREATE TABLE t (n int)"); err != nil {
		t.Fatal(err)
	}
	return watched, beside
}

// deeds are the ways in which the program changes rows, each with how many commits that is.
var deeds = map[string]struct {
	commits int
	do      func(context.Context, *pgx.Conn) error
}{
	"alone": {1, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "INSERT INTO t VALUES ($1)", 1)
		return err
	}},
	"in a transaction": {1, func(ctx context.Context, c *pgx.Conn) error {
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO t SELECT generate_series(1, $1::int)", 1)
			return err
		})
	}},
	"within a question": {1, func(ctx context.Context, c *pgx.Conn) error {
		var n int
		return c.QueryRow(ctx, "WITH made AS (INSERT INTO t VALUES ($1) RETURNING n) SELECT n FROM made", 1).Scan(&n)
	}},
	"in vain": {0, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "UPDATE t SET n = 2 WHERE n = $1", 1)
		return err
	}},
	"not at all": {0, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "SELECT count(*) FROM t WHERE n = $1 FOR UPDATE OF t", 1)
		_ = err // refused, and the connection goes on
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error { return tx.QueryRow(ctx, "SELECT 1").Scan(new(int)) })
	}},
}

func TestEachCommitThatChangesSomethingHasTwoMomentsAndNothingElseHas(t *testing.T) {
	t.Parallel()
	for name, deed := range deeds {
		m := newMoments()
		watched, _ := through(t, m)
		m.arm(Death{}, nil)
		if err := deed.do(t.Context(), watched); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if seen, _, _ := m.list(); len(seen) != 2*deed.commits {
			t.Errorf("%s: %q", name, seen)
		}
	}
}

func TestWhoDiesBeforeACommitLeavesNothingAndWhoDiesAfterItLeavesAll(t *testing.T) {
	t.Parallel()
	for name, deed := range deeds {
		for at, want := range []int{0, 1} {
			if deed.commits == 0 {
				continue
			}
			m := newMoments()
			watched, beside := through(t, m)
			killed := false
			m.arm(Death{At: at + 1}, func() { killed = true })
			err := deed.do(t.Context(), watched)
			if _, diedOf, _ := m.list(); err == nil || !killed || diedOf == "" {
				t.Errorf("%s, moment %d: it was told %v", name, at+1, err)
			}
			var found []int
			if err := watched.Ping(t.Context()); err == nil {
				t.Errorf("%s: the dead still speak", name)
			}
			rows, err := beside.Query(t.Context(), "SELECT n FROM t")
			if err != nil {
				t.Fatal(err)
			}
			if found, err = pgx.CollectRows(rows, pgx.RowTo[int]); err != nil || len(found) != want || want == 1 && !slices.Equal(found, []int{1}) {
				t.Errorf("%s, moment %d: %v, %v", name, at+1, found, err)
			}
		}
	}
}

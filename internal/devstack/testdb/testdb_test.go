package testdb

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestMain(m *testing.M) { Main(m) }

func TestDatabasesOfParallelTestsDoNotMeet(t *testing.T) {
	t.Parallel()
	const tests = 8
	var all sync.WaitGroup
	for range tests {
		address := New(t)
		all.Go(func() {
			conn := connect(t, address)
			if _, err := conn.Exec(t.Context(), "INSERT INTO switchboard.organizations (id, name, slug) VALUES (gen_random_uuid(), 'One', 'one')"); err != nil {
				t.Error(err)
			}
			if got := count(t, conn, "SELECT count(*) FROM switchboard.organizations"); got != 1 {
				t.Errorf("%d organizations, want 1", got)
			}
		})
	}
	all.Wait()
}

func TestNewDatabasesNeedNoMigration(t *testing.T) {
	t.Parallel()
	if applied, err := postgres.Migrate(t.Context(), New(t), schema.Files); applied != 0 || err != nil {
		t.Errorf("Migrate = %d, %v", applied, err)
	}
}

func TestEmptyDatabasesHaveNoTables(t *testing.T) {
	t.Parallel()
	const tables = "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
	if got := count(t, connect(t, Empty(t)), tables); got != 0 {
		t.Errorf("%d tables", got)
	}
}

func TestDatabasesGoWithTheirTestThoughSessionsAreOpen(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("test", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), New(t))
		if err != nil {
			t.Fatal(err)
		}
		name = conn.Config().Database
	})
	if got := count(t, connect(t, os.Getenv(Variable)), "SELECT count(*) FROM pg_database WHERE datname = $1", name); got != 0 {
		t.Errorf("%s is still there", name)
	}
}

func TestAHalfMadeTemplateIsMadeAgain(t *testing.T) {
	t.Parallel()
	conn := connect(t, os.Getenv(Variable))
	name := "switchboard_template_" + strings.ToLower(rand.Text()[:12]) // the server may be one that others use
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = conn.Exec(context.Background(), "ALTER DATABASE "+name+" IS_TEMPLATE false")
		_, _ = conn.Exec(context.Background(), "DROP DATABASE "+name)
	})
	if whole, err := isTemplate(t.Context(), conn, name); whole || err != nil {
		t.Fatalf("isTemplate = %t, %v", whole, err)
	}
	if err := makeTemplate(t.Context(), conn, name); err != nil {
		t.Fatal(err)
	}
	if whole, err := isTemplate(t.Context(), conn, name); !whole || err != nil {
		t.Errorf("isTemplate = %t, %v", whole, err)
	}
}

func TestAChangedMigrationIsAnotherTemplate(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, text := range []string{"SELECT 1", "SELECT 2"} {
		version, err := schemaVersion(fstest.MapFS{"0001_a.sql": {Data: []byte(text)}})
		if err != nil || seen[version] {
			t.Errorf("version = %q, %v", version, err)
		}
		seen[version] = true
	}
	if _, err := schemaVersion(fstest.MapFS{}); err == nil {
		t.Error("no migrations at all are taken for a schema")
	}
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func count(t *testing.T, conn *pgx.Conn, sql string, args ...any) (n int) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(b)
	}
}

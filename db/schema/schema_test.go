package schema_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// upTo are the migrations up to and with this one.
func upTo(t *testing.T, last string) fs.FS {
	t.Helper()
	names, err := fs.Glob(schema.Files, "*.sql")
	if err != nil || !slices.Contains(names, last) {
		t.Fatalf("%s is not in %v, %v", last, names, err)
	}
	some := fstest.MapFS{}
	for _, name := range names[:slices.Index(names, last)+1] {
		text, err := fs.ReadFile(schema.Files, name)
		if err != nil {
			t.Fatal(err)
		}
		some[name] = &fstest.MapFile{Data: text}
	}
	return some
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func run(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%.60s: %v", sql, err)
	}
}

const rowsOfBefore = `
	INSERT INTO switchboard.organizations (id, name, slug) VALUES ('00000000-0000-0000-0000-000000000001', 'One', 'one');
	INSERT INTO switchboard.activity_heads VALUES ('00000000-0000-0000-0000-000000000001', 1);
	INSERT INTO switchboard.activity_events (organization_id, number, id, type, subject_kind, subject_id, actor_kind, actor_label)
		VALUES ('00000000-0000-0000-0000-000000000001', 1, gen_random_uuid(), 'MEMBER_CHANGED', 'mem', gen_random_uuid(), 'SYSTEM', 'x');
	INSERT INTO switchboard.webhook_events (id, source, dedupe_key, type, headers, body, received_at)
		VALUES (gen_random_uuid(), 'ASSEMBLYAI', sha256('a'), 'x', '{}', 'a', '2026-01-01T00:00:00Z');`

func TestOperationsComeToADatabaseThatHoldsRowsAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	address := testdb.Empty(t)
	if _, err := postgres.Migrate(t.Context(), address, upTo(t, "0005_transcription.sql")); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, address)
	run(t, conn, rowsOfBefore)
	const operations = "0006_operations.sql"
	if _, err := postgres.Migrate(t.Context(), address, upTo(t, operations)); err != nil {
		t.Fatal(err)
	}
	var sameTime bool
	var removedTo int
	err := conn.QueryRow(t.Context(), "SELECT queued_at = received_at, (SELECT removed_to FROM switchboard.activity_heads) FROM switchboard.webhook_events").Scan(&sameTime, &removedTo)
	if err != nil || !sameTime || removedTo != 0 {
		t.Errorf("an event of before seems to be queued now: %t, removed to %d, %v", !sameTime, removedTo, err)
	}
	run(t, conn, `INSERT INTO switchboard.activity_events (organization_id, number, id, type, subject_kind, subject_id, actor_kind, actor_label)
		VALUES ('00000000-0000-0000-0000-000000000001', 2, gen_random_uuid(), 'WEBHOOK_FAILED', 'whk', gen_random_uuid(), 'SYSTEM', 'x')`)

	text, err := fs.ReadFile(schema.Files, operations)
	if err != nil {
		t.Fatal(err)
	}
	up, down, _ := strings.Cut(string(text), "-- +goose Down")
	run(t, conn, down)
	run(t, conn, up)
	var events int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM switchboard.activity_events").Scan(&events); err != nil || events != 1 {
		t.Errorf("%d activities are left, %v", events, err)
	}
}

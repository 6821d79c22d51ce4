package postgres_test

import (
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

func TestASecondMigrationDoesNothing(t *testing.T) {
	t.Parallel()
	address := testdb.Empty(t)
	if applied := migrate(t, address, schema.Files); applied < len(migrations(t)) {
		t.Errorf("the first run applied %d migrations, and there are %d", applied, len(migrations(t)))
	}
	before := rows(t, address, catalog, "switchboard")
	if applied := migrate(t, address, schema.Files); applied != 0 {
		t.Errorf("the second run applied %d migrations", applied)
	}
	if after := rows(t, address, catalog, "switchboard"); !slices.Equal(before, after) {
		t.Error("the second run changed tables")
	}
}

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	alone := migrate(t, testdb.Empty(t), schema.Files)
	address := testdb.Empty(t)
	var applied [3]int
	var errs [3]error
	var all sync.WaitGroup
	for i := range applied {
		all.Go(func() { applied[i], errs[i] = postgres.Migrate(t.Context(), address, schema.Files) })
	}
	all.Wait()
	if applied[0]+applied[1]+applied[2] != alone || errs != [3]error{} {
		t.Errorf("applied %v, want %d in all; errors %v", applied, alone, errs)
	}
}

func TestEveryMigrationOfANewDatabaseIsPendingAndThenApplied(t *testing.T) {
	t.Parallel()
	address := testdb.Empty(t)
	for _, applied := range []bool{false, true} {
		list, err := postgres.Status(t.Context(), address, schema.Files)
		if err != nil || len(list) != len(migrations(t)) {
			t.Fatalf("Status = %v, %v", list, err)
		}
		for _, m := range list {
			if m.Applied != applied {
				t.Errorf("%s: applied is %t, want %t", m.File, m.Applied, applied)
			}
		}
		migrate(t, address, schema.Files)
	}
}

func TestMigratedSaysWhatAnOlderSchemaNeeds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files fs.FS // what the database has been migrated with
		want  string
	}{
		"no schema":     {nil, "schema's version"},
		"an older one":  {first(t, len(migrations(t))-1), "run switchboard migrate up"},
		"the same":      {schema.Files, ""},
		"one too young": {withOneMore(t), ""}, // a rolling deploy: the old program goes on
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := testdb.Empty(t)
			if c.files != nil {
				migrate(t, address, c.files)
			}
			err := open(t, address).Migrated(t.Context(), schema.Files)
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("Migrated = %v, want %q", err, c.want)
			}
		})
	}
}

func TestAFailedMigrationLeavesNothingOfItself(t *testing.T) {
	t.Parallel()
	address := testdb.Empty(t)
	broken := withOneMore(t)
	broken["9999_more.sql"].Data = append(broken["9999_more.sql"].Data, "\nSELECT 1/0;\n"...)
	if _, err := postgres.Migrate(t.Context(), address, broken); err == nil {
		t.Fatal("a broken migration is taken for done")
	}
	if got := rows(t, address, "SELECT relname FROM pg_class WHERE relname = $1", "more"); len(got) != 0 {
		t.Errorf("left behind: %v", got)
	}
	// River's migrations come after ours, so they are still to be done.
	if applied := migrate(t, address, schema.Files); applied == 0 {
		t.Error("nothing was done after the repair")
	}
}

func TestTheTablesOfAnExistingAppAreNotTouched(t *testing.T) {
	t.Parallel()
	address := testdb.Empty(t)
	execute(t, address, existingApp)
	before := append(rows(t, address, catalog, "public"), appRows(t, address)...)
	if len(before) < 2*len(appTables) {
		t.Fatalf("the app has only %d things to compare", len(before))
	}

	migrate(t, address, schema.Files)
	migrate(t, address, schema.Files)

	after := append(rows(t, address, catalog, "public"), appRows(t, address)...)
	for i, line := range after {
		if i >= len(before) || line != before[i] {
			t.Fatalf("public is not as it was:\n%s\nwas\n%s", line, strings.Join(before[min(i, len(before)):min(i+1, len(before))], ""))
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d things in public, were %d", len(after), len(before))
	}
	others := rows(t, address, `SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema', 'switchboard', 'river') AND $1 = ''`, "")
	if len(others) != 0 {
		t.Errorf("schemas that are not ours: %v", others)
	}
}

// catalog is what Postgres knows of a schema's tables, indexes and sequences. xmin changes with any change
// of the entry, also with a trigger or a foreign key that points there.
const catalog = `SELECT concat_ws(' ', c.relkind, c.relname, c.oid, c.xmin, c.relfilenode, c.relnatts, c.relowner, c.relhastriggers, c.relchecks, c.relacl)
	FROM pg_class c WHERE relnamespace = to_regnamespace($1) ORDER BY c.oid`

// appRows gives the rows with the system columns, which change when a row is rewritten or locked.
func appRows(t *testing.T, address string) (list []string) {
	t.Helper()
	for _, table := range appTables {
		list = append(list, rows(t, address, "SELECT concat_ws(' ', $1::text, x.ctid, x.xmin, x.xmax, x) FROM public."+table+" x ORDER BY x.ctid", table)...)
	}
	return list
}

func migrate(t *testing.T, address string, files fs.FS) int {
	t.Helper()
	applied, err := postgres.Migrate(t.Context(), address, files)
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func migrations(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(schema.Files, "*.sql")
	if err != nil || len(names) < 2 {
		t.Fatalf("migrations %v, %v", names, err)
	}
	return names
}

func first(t *testing.T, n int) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	for _, name := range migrations(t)[:n] {
		text, err := schema.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
}

func withOneMore(t *testing.T) fstest.MapFS {
	t.Helper()
	files := first(t, len(migrations(t)))
	files["9999_more.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE switchboard.more (id int);\n")}
	return files
}

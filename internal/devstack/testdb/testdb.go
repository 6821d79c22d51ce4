// Package testdb gives each test a database of its own: a copy of a template that has been migrated once.
// The server is the one in TEST_DATABASE_URL, else one that Main starts for the test program.
package testdb

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/internal/devstack/database"
)

const (
	// Variable is the environment variable with a superuser's URL of a maintenance database.
	Variable = "TEST_DATABASE_URL"
	// patience is for making one database while many other tests do the same; alone it takes 50 ms.
	patience = 2 * time.Minute
)

// Main runs the tests of a package and ends the program. It belongs into TestMain.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (code int) {
	if os.Getenv(Variable) != "" {
		return m.Run()
	}
	server, err := database.Throwaway(context.Background(), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, "starting a database for the tests:", err)
		return 1
	}
	defer func() {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stopping the tests' database:", err)
			code = 1
		}
	}()
	if err := os.Setenv(Variable, server.URL); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// New is the URL of a database with every table and no rows. It is dropped when the test ends.
func New(t testing.TB) string {
	t.Helper()
	return clone(t, migratedTemplate)
}

// Empty is the URL of a database without tables. It is dropped when the test ends.
func Empty(t testing.TB) string {
	t.Helper()
	return clone(t, func(context.Context, *pgx.Conn) (string, error) { return "template1", nil })
}

func clone(t testing.TB, template func(context.Context, *pgx.Conn) (string, error)) string {
	t.Helper()
	name := "test_" + strings.ToLower(rand.Text()[:16])
	err := onServer(func(ctx context.Context, conn *pgx.Conn) error {
		from, err := template(ctx, conn)
		if err != nil {
			return err
		}
		// Copying files costs half of writing the pages to the log, as long as fsync is off.
		_, err = conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+from+" STRATEGY file_copy")
		return err
	})
	if err != nil {
		t.Fatalf("making a database for the test: %v", err)
	}
	t.Cleanup(func() {
		err := onServer(func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
			return err
		})
		if err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	address, err := named(name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func onServer(do func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	address := os.Getenv(Variable)
	if address == "" {
		return fmt.Errorf("%s is not set and no server was started: call testdb.Main in the package's TestMain", Variable)
	}
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connecting to the tests' server: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	return do(ctx, conn)
}

// named is the address of another database of the server.
func named(name string) (string, error) {
	address, err := url.Parse(os.Getenv(Variable))
	if err != nil || address.Scheme == "" {
		return "", fmt.Errorf("%s is not a URL (postgres://user:password@host:port/database)", Variable)
	}
	address.Path = "/" + name
	return address.String(), nil
}

package testdb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// makingLock is the advisory lock of whoever makes a template; test programs run at the same time.
const makingLock = 7226312913

// migratedTemplate gives the name of the template, and makes it when the server has none yet.
func migratedTemplate(ctx context.Context, conn *pgx.Conn) (string, error) {
	version, err := schemaVersion(schema.Files)
	if err != nil {
		return "", err
	}
	name := "switchboard_template_" + version
	whole, err := isTemplate(ctx, conn, name)
	if whole || err != nil {
		return name, err
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", makingLock); err != nil {
		return "", fmt.Errorf("waiting for the template: %w", err)
	}
	defer func() { _, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", makingLock) }()
	if whole, err = isTemplate(ctx, conn, name); whole || err != nil {
		return name, err
	}
	if err := makeTemplate(ctx, conn, name); err != nil {
		return "", fmt.Errorf("making the template: %w", err)
	}
	return name, nil
}

// makeTemplate marks it as a template only at the end: one that a killed test program left half-made is
// made again.
func makeTemplate(ctx context.Context, conn *pgx.Conn, name string) error {
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	address, err := named(name)
	if err != nil {
		return err
	}
	if _, err := postgres.Migrate(ctx, address, schema.Files); err != nil {
		return err
	}
	// A single session in the template would make every copy wait and fail.
	_, err = conn.Exec(ctx, "ALTER DATABASE "+name+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

func isTemplate(ctx context.Context, conn *pgx.Conn, name string) (whole bool, err error) {
	err = conn.QueryRow(ctx, "SELECT datistemplate FROM pg_database WHERE datname = $1", name).Scan(&whole)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the template: %w", err)
	}
	return whole, nil
}

// schemaVersion changes with our migrations and with River, which brings its own.
func schemaVersion(files fs.FS) (string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil || len(names) == 0 {
		return "", fmt.Errorf("reading the migrations: %w", errors.Join(err, fs.ErrNotExist))
	}
	hash := sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return "", fmt.Errorf("reading a migration: %w", err)
		}
		fmt.Fprintf(hash, "%s %d\n%s", name, len(text), text)
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		for _, module := range build.Deps {
			if strings.HasPrefix(module.Path, "github.com/riverqueue/") {
				fmt.Fprintln(hash, module.Path, module.Version)
			}
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:6]), nil
}

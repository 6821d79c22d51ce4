package postgres

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestSpanOfAStatementIsNamedByUsAndNeverByWhatStandsInIt(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"-- name: GetWebhookEvent :one\nSELECT 'hunter2'": "GetWebhookEvent",
		"-- name: JobInsert":                              "JobInsert",
		"SELECT pg_notify($1)":                            "SELECT",
		beginQuery:                                        "BEGIN",
		"commit":                                          "COMMIT",
		"hunter2":                                         "other",
		"HUNTER2":                                         "other",
		"":                                                "other",
		"CREATE ROLE 'hunter2'":                           "other",
	} {
		if got := statementName(sql); got != want {
			t.Errorf("%q is named %q, want %q", sql, got, want)
		}
	}
}

func TestSpanOfAFailedStatementHasTheCodeOnly(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"":      pgx.ErrNoRows,
		"22P02": &pgconn.PgError{Code: "22P02", Message: `invalid input syntax for type uuid: "hunter2"`},
		"lost":  errors.New("connecting to hunter2"),
	} {
		if got := sqlState(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
	if got := sqlState(nil); got != "" {
		t.Errorf("no error: %q", got)
	}
}

package postgres

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Missing says whether a query for one row found none.
func Missing(err error) bool { return errors.Is(err, pgx.ErrNoRows) }

// Violates says whether err is the violation of this constraint or unique index.
func Violates(err error, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && strings.HasPrefix(pg.Code, "23") && pg.ConstraintName == constraint
}

// deadlocked says whether Postgres chose this transaction to end a circle of waiting ones.
func deadlocked(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01"
}

// Lost says whether the database was out of reach or gave up, so that the same call may succeed later:
// connection failures, shutdown, too many connections, read-only after a failover, deadlock, full disk, a
// lock or a transaction that took too long.
func Lost(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "53", "57", "40":
			return true
		}
		return pg.Code == "25006" || pg.Code == "25P03" || pg.Code == "55P03"
	}
	var connect *pgconn.ConnectError
	var network net.Error
	// A server that was killed, or a proxy that let go, hangs up without a word in the middle of an answer.
	cut := errors.Is(err, io.ErrUnexpectedEOF)
	return cut || errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err)
}

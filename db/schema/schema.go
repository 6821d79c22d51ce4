// Package schema holds the migrations: one file a capability, applied in order, each in a transaction.
// All tables lie in the Postgres schema "switchboard", so that the database may be one that another
// application still uses.
package schema

import "embed"

// Files are the goose migrations.
//
//go:embed *.sql
var Files embed.FS

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/switchboard-voice/switchboard/internal/devstack/speech"
	"github.com/switchboard-voice/switchboard/internal/devstack/testdb"
	"github.com/switchboard-voice/switchboard/lab"
)

// stage is a lab on which one drill is played.
type stage struct {
	*lab.Lab
	broken int
}

// open builds it. Close is needed also after an error.
func open(ctx context.Context) (*stage, error) {
	l, err := lab.Open(ctx, lab.Options{Name: "drill", Database: makeDatabase, Heard: heard()})
	return &stage{Lab: l}, err
}

// saw prints what was done or seen.
func (l *stage) saw(format string, args ...any) { fmt.Printf("  "+format+"\n", args...) }

// promise prints one and whether it held.
func (l *stage) promise(held bool, format string, args ...any) {
	word := "ok    "
	if !held {
		word = "BROKEN"
		l.broken++
	}
	fmt.Printf("  %s  %s\n", word, fmt.Sprintf(format, args...))
}

// makeDatabase makes one on the server of withpostgres. That one does not wait for the disk: what is timed here
// is ours, and make bench has the numbers with the disk in them.
func makeDatabase(ctx context.Context, _ string) (string, func() error, error) {
	return copyDatabase(ctx, "template1")
}

// copyDatabase is makeDatabase from one that nobody is connected with.
func copyDatabase(ctx context.Context, from string) (string, func() error, error) {
	address, err := url.Parse(os.Getenv(testdb.Variable))
	if err != nil || address.Scheme == "" {
		return "", nil, fmt.Errorf("%s is not set: run make drill", testdb.Variable)
	}
	admin, err := pgx.Connect(ctx, address.String())
	if err != nil {
		return "", nil, fmt.Errorf("connecting to the server: %w", err)
	}
	name := "drill_" + strings.ToLower(rand.Text()[:16])
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+from+" STRATEGY file_copy"); err != nil {
		return "", nil, errors.Join(fmt.Errorf("making a database: %w", err), admin.Close(ctx))
	}
	address.Path = "/" + name
	return address.String(), func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lab.Patience)
		defer cancel()
		_, err := admin.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, admin.Close(ctx))
	}, nil
}

// heard is a call of one word.
func heard() speech.Result {
	word := speech.Word{Text: "Hello.", End: time.Second, Confidence: 0.9}
	return speech.Result{Channels: 1, Duration: time.Second, Turns: []speech.Turn{{Words: []speech.Word{word}}}}
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/database"
	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// databaseRoom is a new database (40 MB), its log (32 MB and more) and some data.
	databaseRoom = 300 << 20
	// enough webhooks fill the pages that have room already: each is 1 KB with its job.
	enough = 5_000
	// afterwards is how many have to be taken once there is room.
	afterwards = 50
)

// smallDatabase begins on a database whose disk is small, with a server that has done one walk.
func (l *stage) smallDatabase(ctx context.Context) (disk string, postgres *database.Server, calls []lab.Call, err error) {
	if disk, err = l.smallDisk(databaseRoom); err != nil {
		return "", nil, nil, err
	}
	if postgres, err = l.moveTo(ctx, database.Options{Home: disk, Durable: true}); err != nil {
		return "", nil, nil, err
	}
	if calls, err = l.Seed(ctx, lab.Organizations); err != nil {
		return "", nil, nil, err
	}
	if l.Server, err = l.Launch(ctx, soon); err != nil {
		return "", nil, nil, err
	}
	l.walks(ctx, l.Server, calls[0], "while there is room")
	return disk, postgres, calls, nil
}

// databaseDisk fills the disk of the database.
func databaseDisk(ctx context.Context, l *stage) error {
	disk, _, calls, err := l.smallDatabase(ctx)
	if err != nil {
		return err
	}
	// The log goes on in a new file, so that the tables are what meets the full disk. A full log stops
	// Postgres as a whole; that is the drill of a crash.
	if _, err := l.Pool.Exec(ctx, "SELECT pg_switch_wal()"); err != nil {
		return fmt.Errorf("beginning a new file of the log: %w", err)
	}
	if _, err := l.Pool.Exec(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("writing the log's pages: %w", err)
	}
	free, err := fill(disk)
	if err != nil {
		return err
	}
	kept, err := l.untilRefused(ctx)
	if err != nil {
		return err
	}
	l.reads(ctx, calls[1])
	if err := free(); err != nil {
		return fmt.Errorf("making room: %w", err)
	}
	began, taken := time.Now(), 0
	for n := range afterwards {
		if status, err := l.deliver(l.Server.URL, fmt.Sprintf("after-%d", n)); err == nil && status == http.StatusOK {
			taken++
		}
	}
	l.promise(taken == afterwards, "of %d webhooks afterwards %d were acknowledged", afterwards, taken)
	kept += taken
	l.walks(ctx, l.Server, calls[2], fmt.Sprintf("%s after room was made, without a restart", ms(time.Since(began))))
	return l.keptOfOurs(ctx, kept)
}

// untilRefused sends webhooks until one is not taken, and says how many were.
func (l *stage) untilRefused(ctx context.Context) (kept int, err error) {
	for n := range enough {
		status, err := l.deliver(l.Server.URL, fmt.Sprintf("full-%d", n))
		if err != nil || ctx.Err() != nil {
			return kept, err
		}
		if status != http.StatusOK {
			l.promise(status == http.StatusServiceUnavailable, "the disk is full after %d webhooks: the next is answered with %d", kept, status)
			return kept, nil
		}
		kept++
	}
	l.promise(false, "the disk is full and %d webhooks were taken: this drill shows nothing", kept)
	return kept, nil
}

// reads have to work: nothing of a read is written.
func (l *stage) reads(ctx context.Context, c lab.Call) {
	bad := 0
	for range afterwards {
		answer, err := l.Ask(ctx, http.DefaultClient, c.Token, "query($id: ID!) { transcription(id: $id) { status recording { filename } } }", map[string]any{"id": c.Transcription.String()})
		if err != nil || len(answer) == 0 || answer[:8] != `{"data":` {
			bad++
		}
	}
	l.promise(bad == 0, "%d reads meanwhile, %d of them failed", afterwards, bad)
}

// keptOfOurs compares what was acknowledged to what is there.
func (l *stage) keptOfOurs(ctx context.Context, want int) error {
	var got int
	if err := l.Pool.QueryRow(ctx, "SELECT count(*) FROM switchboard.webhook_events WHERE body LIKE '%audio.example.com%'").Scan(&got); err != nil {
		return fmt.Errorf("counting webhooks: %w", err)
	}
	l.promise(got >= want, "%d were acknowledged, %d are kept", want, got)
	return nil
}

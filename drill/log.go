package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/switchboard-voice/switchboard/internal/devstack/database"
	"github.com/switchboard-voice/switchboard/lab"
)

// logFiles are begun at most: Postgres keeps some for later, 80 MB of them by default, which are five files.
const logFiles = 50

// databaseLog leaves no room for the log, without which Postgres cannot go on: it ends, and its own supervisor,
// played here, starts it again once there is room. The server lives through it.
func databaseLog(ctx context.Context, l *stage) error {
	disk, postgres, calls, err := l.smallDatabase(ctx)
	if err != nil {
		return err
	}
	free, err := fill(disk)
	if err != nil {
		return err
	}
	kept, err := l.untilTheLogIsFull(ctx)
	if err != nil {
		return err
	}
	status, _, err := lab.Get(l.Server.URL + "/ready")
	l.promise(err == nil && status == http.StatusServiceUnavailable, "readiness meanwhile: %d %s", status, said(err))
	if err := free(); err != nil {
		return fmt.Errorf("making room: %w", err)
	}
	if err := l.startAgain(ctx, postgres, disk); err != nil {
		return err
	}
	began := time.Now()
	err = lab.Eventually(ctx, "it to be ready again", func() (bool, error) {
		status, _, err := lab.Get(l.Server.URL + "/ready")
		return status == http.StatusOK, err
	})
	l.promise(err == nil, "ready again %s after Postgres was back, without a restart %s", ms(time.Since(began)), said(err))
	status, err = l.deliver(l.Server.URL, "after")
	l.promise(err == nil && status == http.StatusOK, "a webhook afterwards: %d %s", status, said(err))
	l.walks(ctx, l.Server, calls[1], "afterwards")
	return l.keptOfOurs(ctx, kept+1)
}

// untilTheLogIsFull begins a new file of the log after each webhook until Postgres is gone, and says how many
// webhooks were acknowledged.
func (l *stage) untilTheLogIsFull(ctx context.Context) (kept int, err error) {
	for n := range logFiles {
		status, err := l.deliver(l.Server.URL, fmt.Sprintf("log-%d", n))
		if err != nil || ctx.Err() != nil {
			return kept, errors.Join(err, ctx.Err())
		}
		if status == http.StatusOK {
			kept++
		} else {
			l.promise(status == http.StatusServiceUnavailable, "webhook %d is answered with %d", n, status)
		}
		if _, err := l.Pool.Exec(ctx, "SELECT pg_switch_wal()"); err != nil && l.Pool.Ping(ctx) != nil {
			l.saw("the log is full after %d webhooks that were acknowledged: %v", kept, err)
			status, err := l.deliver(l.Server.URL, "gone")
			l.promise(err == nil && status == http.StatusServiceUnavailable, "the next webhook is answered with %d %s", status, said(err))
			return kept, nil
		}
	}
	l.promise(false, "%d files of the log were begun and Postgres goes on: this drill shows nothing", logFiles)
	return kept, nil
}

// startAgain does what a supervisor does for a Postgres that has ended.
func (l *stage) startAgain(ctx context.Context, gone *database.Server, disk string) error {
	if err := gone.Stop(); err != nil {
		l.saw("stopping what was left of Postgres: %v", err)
	}
	again, err := database.Start(ctx, database.Options{Home: disk, Durable: true})
	if err != nil {
		return fmt.Errorf("starting the database again: %w", err)
	}
	l.AtEnd(again.Stop)
	if again.URL != l.Database {
		return errors.New("the database came back under another address: the server cannot find it")
	}
	return nil
}

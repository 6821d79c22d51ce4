package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/database"
)

// skewBy is far more than any clock that anybody looks after.
const skewBy = 10 * time.Minute

// skewedAhead and skewedBehind run Postgres with another time than ours.
func skewedAhead(ctx context.Context, l *lab) error  { return skewed(ctx, l, skewBy) }
func skewedBehind(ctx context.Context, l *lab) error { return skewed(ctx, l, -skewBy) }

func skewed(ctx context.Context, l *lab, by time.Duration) error {
	if err := l.skewPostgres(ctx, by); err != nil {
		return err
	}
	calls, err := l.seed(ctx, organizations)
	if err != nil {
		return err
	}
	var theirs time.Time
	if err := l.pool.QueryRow(ctx, "SELECT now()").Scan(&theirs); err != nil {
		return fmt.Errorf("asking for the time: %w", err)
	}
	off := time.Until(theirs).Round(time.Second)
	l.promise((off-by).Abs() < time.Minute, "the database's clock is off by %s", off)
	if l.server, err = l.launch(ctx, soon, lostSoon); err != nil {
		return err
	}
	l.walks(ctx, l.server, calls[0], "with an hour's token")
	l.provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
	l.walks(ctx, l.server, calls[1], "when the webhook never comes")
	l.provider.SetFaults(assemblyai.Faults{On: "submit", Refuse429: 1, RetryAfter: time.Second})
	l.walks(ctx, l.server, calls[2], "when the provider was busy")
	return l.killedUnderSkew(ctx, calls[3])
}

// killedUnderSkew has a run of a job die and looks when it is taken up again.
func (l *lab) killedUnderSkew(ctx context.Context, c call) error {
	before := l.provider.Stats().Submitted
	l.provider.SetFaults(assemblyai.Faults{On: "submit", Hang: true})
	id, err := as(c, l.server.url).Submit(ctx, client.Job{Organization: c.slug, File: sample})
	if err != nil {
		return fmt.Errorf("uploading: %w", err)
	}
	err = eventually(ctx, "the job to run", func() (bool, error) {
		var n int
		err := l.pool.QueryRow(ctx, "SELECT count(*) FROM switchboard.transcription_submissions WHERE unsure_until IS NOT NULL AND provider_id IS NULL").Scan(&n)
		return n > 0, err
	})
	if err != nil {
		return err
	}
	l.server.kill()
	l.provider.SetFaults(assemblyai.Faults{})
	if l.server, err = l.launch(ctx, soon, lostSoon); err != nil {
		return err
	}
	began := time.Now()
	waiting, cancel := context.WithTimeout(ctx, heals)
	defer cancel()
	err = as(c, l.server.url).Follow(waiting, id, nil)
	taken := l.provider.Stats().Submitted - before
	l.promise(err == nil && taken == 1, "a job whose server was killed was done by the next one after %s (less than %s), %d submission taken %s",
		time.Since(began).Round(100*time.Millisecond), heals, taken, said(err))
	return nil
}

// skewPostgres starts a Postgres in another time. The Go program has a clock of its own kind, which libfaketime
// does not reach: it is the database that is moved.
func (l *lab) skewPostgres(ctx context.Context, by time.Duration) error {
	library, err := filepath.Glob("/usr/lib/*/faketime/libfaketime.so.1")
	if err != nil || len(library) == 0 {
		return errors.New("there is no libfaketime: install the package libfaketime and play this drill again")
	}
	real, err := realPostgres()
	if err != nil {
		return err
	}
	home, err := l.home("switchboard-skewed-")
	if err != nil {
		return err
	}
	wrapped := fmt.Sprintf("#!/bin/sh\nLD_PRELOAD=%s FAKETIME=%+ds FAKETIME_DONT_FAKE_MONOTONIC=1 exec %s \"$@\"\n", library[0], int(by.Seconds()), filepath.Join(real, "postgres"))
	plain := fmt.Sprintf("#!/bin/sh\nexec %s \"$@\"\n", filepath.Join(real, "initdb"))
	for name, script := range map[string]string{"postgres": wrapped, "initdb": plain} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(script), 0o755); err != nil {
			return fmt.Errorf("writing the wrapper of %s: %w", name, err)
		}
	}
	path := os.Getenv("PATH")
	if err := os.Setenv("PATH", home+":"+path); err != nil { // the search for the programs begins there
		return fmt.Errorf("changing the PATH: %w", err)
	}
	return errors.Join(l.moveTo(ctx, database.Options{Home: filepath.Join(home, "data"), Durable: true}), os.Setenv("PATH", path))
}

// realPostgres is the folder of the programs that are wrapped.
func realPostgres() (string, error) {
	if found, err := exec.LookPath("postgres"); err == nil {
		found, err = filepath.EvalSymlinks(found)
		return filepath.Dir(found), err
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no Postgres of the system's packages: install the package postgresql and play this drill again")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

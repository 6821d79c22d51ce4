package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/switchboard-voice/switchboard/internal/client"
	"github.com/switchboard-voice/switchboard/internal/devstack/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/devstack/database"
	"github.com/switchboard-voice/switchboard/lab"
)

// skewBy is far more than any clock that anybody looks after.
const skewBy = 10 * time.Minute

// ahead shows that a process whose clock is far behind the database's does all it should.
func ahead(ctx context.Context, l *stage) error {
	calls, _, err := l.skewed(ctx, skewBy)
	if err != nil {
		return err
	}
	return l.anyway(ctx, calls)
}

// behind shows the same of a process that is far ahead, and that the database's clock may be set right meanwhile.
func behind(ctx context.Context, l *stage) error {
	calls, database, err := l.skewed(ctx, -skewBy)
	if err != nil {
		return err
	}
	if err := l.anyway(ctx, calls); err != nil {
		return err
	}
	if err := database.Stop(); err != nil {
		return fmt.Errorf("stopping the database: %w", err)
	}
	if err := l.mend(ctx, database.Data); err != nil {
		return err
	}
	if err := l.ready(ctx); err != nil {
		return err
	}
	l.walks(ctx, l.Server, calls[4], "after the clock was set right, without a restart")
	return l.keptOfOurs(ctx, 1)
}

// anyway is what goes on whatever the clocks say.
func (l *stage) anyway(ctx context.Context, calls []lab.Call) error {
	l.walks(ctx, l.Server, calls[0], "with an hour's token")
	l.Provider.SetFaults(assemblyai.Faults{Webhook: assemblyai.WebhookFaults{Lost: true}})
	l.walks(ctx, l.Server, calls[1], "when the webhook never comes")
	l.Provider.SetFaults(assemblyai.Faults{On: "submit", Refuse429: 1, RetryAfter: time.Second})
	l.walks(ctx, l.Server, calls[2], "when the provider was busy")
	if err := l.killInTheMiddle(ctx, calls[3]); err != nil {
		return err
	}
	l.promise(l.Provider.Stats().Submitted == 4, "%d submissions taken, of 4 files", l.Provider.Stats().Submitted)
	status, err := l.deliver(l.Server.URL, "skewed")
	l.promise(err == nil && status == http.StatusOK, "a webhook is taken: %d %s", status, said(err))
	return nil
}

// killInTheMiddle kills the server while it hangs in a job. The next one does that job again, and no other: by a
// clock that is ahead, every run seems to have begun long ago.
func (l *stage) killInTheMiddle(ctx context.Context, c lab.Call) error {
	l.Provider.SetFaults(assemblyai.Faults{On: "submit", Hang: true})
	id, err := as(c, l.Server.URL).Submit(ctx, client.Job{Organization: c.Slug, File: sample})
	if err != nil {
		return fmt.Errorf("uploading: %w", err)
	}
	err = lab.Eventually(ctx, "the submission to hang", func() (hangs bool, err error) {
		return hangs, l.Pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM river.river_job WHERE kind = 'transcription.submit' AND state = 'running')").Scan(&hangs)
	})
	if err != nil {
		return err
	}
	var killed string
	if err := l.Pool.QueryRow(ctx, "SELECT id FROM switchboard.job_processes").Scan(&killed); err != nil {
		return fmt.Errorf("asking who is to be killed: %w", err)
	}
	l.Server.Kill()
	l.Provider.SetFaults(assemblyai.Faults{})
	began := time.Now()
	if l.Server, err = l.Launch(ctx, soon, lostSoon); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, heals)
	defer cancel()
	err = as(c, l.Server.URL).Follow(ctx, id, nil)
	l.promise(err == nil, "killed in the middle of a job, the transcript was there after %s (less than %s) %s", ms(time.Since(began)), heals, said(err))
	var theirs, others int
	err = l.Pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE attempted_by[1] = $1), count(*) FILTER (WHERE attempted_by[1] <> $1)
		FROM river.river_job WHERE errors[1]->>'error' LIKE '%no outcome%'`, killed).Scan(&theirs, &others)
	l.promise(err == nil && theirs > 0 && others == 0, "%d runs of the killed one were taken over, and %d of others %s", theirs, others, said(err))
	return nil
}

// ready waits until the server has found its database again.
func (l *stage) ready(ctx context.Context) error {
	return lab.Eventually(ctx, "the server to be ready", func() (bool, error) {
		status, _, err := lab.Get(l.Server.URL + "/ready")
		return err == nil && status == http.StatusOK, nil
	})
}

// skewed is the lab on a database with another time.
func (l *stage) skewed(ctx context.Context, by time.Duration) ([]lab.Call, *database.Server, error) {
	server, err := l.skewPostgres(ctx, by)
	if err != nil {
		return nil, nil, err
	}
	calls, err := l.Seed(ctx, lab.Organizations)
	if err != nil {
		return nil, nil, err
	}
	var theirs time.Time
	if err := l.Pool.QueryRow(ctx, "SELECT now()").Scan(&theirs); err != nil {
		return nil, nil, fmt.Errorf("asking for the time: %w", err)
	}
	off := time.Until(theirs).Round(time.Second)
	l.promise((off-by).Abs() < time.Minute, "the database's clock is off by %s", off)
	l.Server, err = l.Launch(ctx, soon, lostSoon)
	return calls, server, err
}

// mend starts the same database in our time, on the same port.
func (l *stage) mend(ctx context.Context, data string) error {
	server, err := database.Start(ctx, database.Options{Home: filepath.Dir(data), Durable: true})
	if err != nil {
		return fmt.Errorf("starting the database again: %w", err)
	}
	l.AtEnd(server.Stop)
	return nil
}

// skewPostgres starts a Postgres in another time. A Go program asks the kernel itself, where libfaketime does
// not reach: it is the database that is moved.
func (l *stage) skewPostgres(ctx context.Context, by time.Duration) (*database.Server, error) {
	library, err := l.installed(ctx, "libfaketime", "/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib64/faketime/libfaketime.so.1")
	if err != nil {
		return nil, err
	}
	programs, err := realPostgres()
	if err != nil {
		return nil, err
	}
	home, err := l.home("switchboard-skewed-")
	if err != nil {
		return nil, err
	}
	wrapped := fmt.Sprintf("#!/bin/sh\nLD_PRELOAD=%s FAKETIME=%+ds FAKETIME_DONT_FAKE_MONOTONIC=1 exec %s \"$@\"\n", library, int(by.Seconds()), filepath.Join(programs, "postgres"))
	plain := fmt.Sprintf("#!/bin/sh\nexec %s \"$@\"\n", filepath.Join(programs, "initdb"))
	for name, script := range map[string]string{"postgres": wrapped, "initdb": plain} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(script), 0o755); err != nil {
			return nil, fmt.Errorf("writing the wrapper of %s: %w", name, err)
		}
	}
	path := os.Getenv("PATH")
	if err := os.Setenv("PATH", home+":"+path); err != nil { // the search for the programs begins there
		return nil, fmt.Errorf("changing the PATH: %w", err)
	}
	server, err := l.moveTo(ctx, database.Options{Home: filepath.Join(home, "data"), Durable: true})
	return server, errors.Join(err, os.Setenv("PATH", path))
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

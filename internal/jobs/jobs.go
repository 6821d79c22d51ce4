// Package jobs is River, wrapped thin: a job is enqueued in the transaction that makes it necessary and
// runs at least once. A job carries ids only and reads the truth when it runs, so a second run is
// harmless; after a kill -9 it runs again within a minute and a half.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
)

// Args is what a job is about: a small struct of ids whose Kind names it for good.
type Args = river.JobArgs

// Queue names keep kinds of work from starving each other.
const (
	Webhooks = "webhooks" // what somebody waits for on a screen
	Work     = "work"     // calls to providers
	Copies   = "copies"   // bytes from servers of others, which may take as long as they like
	Calls    = "calls"    // recordings of calls from their provider, for which a transcript waits
	Upkeep   = "upkeep"   // sweeps and clean-up
)

const (
	// timeout is for one run. A provider call has 15 s; twice that and something hangs.
	timeout = 30 * time.Second
	// rescueAfter is when a run counts as dead: its time-out and a margin for the last commit.
	rescueAfter = 45 * time.Second
	// webhookCooldown is the pause between two fetches of the webhook queue: half of what a person can
	// notice would be 50 ms; 5 ms leaves the rest to the database and the network.
	webhookCooldown = 5 * time.Millisecond
	// webhookPolling finds what came within webhookCooldown of another and therefore was not told of.
	webhookPolling = 50 * time.Millisecond
	// polling is the pause where no connection can listen.
	polling = 200 * time.Millisecond
	// copying is how many copies run at once: each holds a connection and a part of the object in memory.
	copying = 4
	// slowest is the longest pause between two tries.
	slowest = 5 * time.Minute
)

// ForAWeek is as many tries as fit a week at the slowest pause: for what people were promised and what no
// sweep would find again, as that something is deleted.
const ForAWeek = int(7 * 24 * time.Hour / slowest)

// Kind says how jobs of one kind run.
type Kind struct {
	Queue    string
	Attempts int           // tries before the job is given up; 0: 12, about a quarter of an hour
	Timeout  time.Duration // of one run; 0: 30 s
	Once     bool          // a second job with the same arguments is dropped while one is waiting or running
}

// Queue enqueues and runs jobs.
type Queue struct {
	client  *river.Client[pgx.Tx]
	workers *river.Workers
	kinds   map[string]Kind
}

// Config says where River keeps its connections and whether they may listen.
type Config struct {
	Pool     *pgxpool.Pool // River's own, on the direct connection when there is one
	PollOnly bool          // no connection can listen: look into the table instead
	Workers  int           // runs at once in the Work queue; 0: 10
	// Ran is told of each run: outcome is done, failed or waits. It may be nil.
	Ran    func(kind, outcome string, took time.Duration)
	Traces *telemetry.Tracing // nil: no spans
}

// New makes the queue; Handle adds the kinds, Start begins to work.
func New(c Config) (*Queue, error) {
	q := &Queue{workers: river.NewWorkers(), kinds: map[string]Kind{}}
	if c.Workers == 0 {
		c.Workers = 10
	}
	poll := time.Second
	if c.PollOnly {
		poll = polling
	}
	client, err := river.NewClient(riverpgxv5.New(c.Pool), &river.Config{
		ID:       identity(),
		Schema:   postgres.JobsSchema,
		Workers:  q.workers,
		PollOnly: c.PollOnly,
		// River tells listeners of a queue at most once in this time, whatever the queue's own pause is.
		FetchCooldown:        webhookCooldown,
		FetchPollInterval:    poll,
		JobTimeout:           timeout,
		RescueStuckJobsAfter: rescueAfter,
		RetryPolicy:          retry{},
		Logger:               slog.New(quiet{slog.Default().Handler()}),
		WorkerMiddleware:     middleware(c),
		Queues: map[string]river.QueueConfig{
			Webhooks: {MaxWorkers: c.Workers, FetchCooldown: webhookCooldown, FetchPollInterval: webhookPolling},
			Work:     {MaxWorkers: c.Workers, FetchCooldown: 20 * time.Millisecond},
			Copies:   {MaxWorkers: copying},
			Calls:    {MaxWorkers: copying, FetchCooldown: 20 * time.Millisecond},
			Upkeep:   {MaxWorkers: 2, FetchCooldown: 100 * time.Millisecond},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("making the job client: %w", err)
	}
	q.client = client
	return q, nil
}

// identity names this process in the rows of the jobs that it runs: host and process id.
func identity() string {
	host, _ := os.Hostname() // without a name it is still told from the others by the id
	return fmt.Sprintf("%s-%d", host, os.Getpid())
}

// Job is one run.
type Job[A Args] struct {
	Args    A
	Attempt int
	Last    bool // no further try follows this one
}

// Handle says what runs for a kind. Every process registers every kind, before Start.
func Handle[A Args](q *Queue, kind Kind, run func(context.Context, Job[A]) error) {
	if kind.Attempts == 0 {
		kind.Attempts = 12
	}
	var args A
	q.kinds[args.Kind()] = kind
	river.AddWorker(q.workers, &worker[A]{kind: kind, run: run})
}

// Every enqueues args again and again; of all replicas only the leader does.
func (q *Queue) Every(period time.Duration, args Args) {
	q.client.PeriodicJobs().Add(river.NewPeriodicJob(river.PeriodicInterval(period), func() (river.JobArgs, *river.InsertOpts) {
		return args, q.options(args)
	}, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Start begins to work. The context is not the life of the queue: Stop ends it.
func (q *Queue) Start(ctx context.Context) error {
	if err := q.client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting the jobs: %w", err)
	}
	return nil
}

// Stop takes no new jobs and waits for the running ones until ctx ends; then it cancels them, and they
// are available again at once.
func (q *Queue) Stop(ctx context.Context) error {
	err := q.client.Stop(ctx)
	if err == nil || !errors.Is(err, ctx.Err()) {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	return q.client.StopAndCancel(last)
}

// Later ends this run and runs the job again after a while, without counting a try.
func Later(wait time.Duration) error { return river.JobSnooze(wait) }

// Waits says whether err is Later's.
func Waits(err error) bool {
	var later *rivertype.JobSnoozeError
	return errors.As(err, &later)
}

// GiveUp ends the job for good.
func GiveUp(why error) error { return river.JobCancel(why) }

// GaveUp says whether err is GiveUp's.
func GaveUp(err error) bool {
	var canceled *rivertype.JobCancelError
	return errors.As(err, &canceled)
}

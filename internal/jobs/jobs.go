// Package jobs is River, wrapped thin: a job is enqueued in the transaction that makes it necessary and
// runs at least once. A job carries ids only and reads the truth when it runs, so a second run is
// harmless; after a kill -9 another process runs it again within 20 s. Processes say that they live, and jobs are
// dated, by the clock of the database: River is given it by a field whose name says that it is for tests.
package jobs

import (
	"cmp"
	"context"
	"crypto/rand"
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
	// grace is what a run has after its time-out for its last commit; after that it counts as lost, also where its
	// process lives.
	grace = 15 * time.Second
	// rescueAfter is for River's own rescuer, which goes by the clock of its process: that may be far ahead, and
	// would have every run of the others taken for dead. What nothing else found is left to it.
	rescueAfter = time.Hour
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

func (k Kind) timeout() time.Duration { return cmp.Or(k.Timeout, timeout) }

// Queue enqueues and runs jobs.
type Queue struct {
	client  *river.Client[pgx.Tx]
	workers *river.Workers
	kinds   map[string]Kind
	clock   *clock
	life    *life
}

// Config says where River keeps its connections and whether they may listen.
type Config struct {
	Pool     *pgxpool.Pool // River's own, on the direct connection when there is one
	PollOnly bool          // no connection can listen: look into the table instead
	Workers  int           // runs at once in the Work queue; 0: 10
	// Ran is told of each run: outcome is done, failed or waits, and lost for one that was taken over from a process
	// that died. It may be nil.
	Ran    func(kind, outcome string, took time.Duration)
	Beat   time.Duration      // how often this process says that it lives; 0: 5 s, and a test has less time
	Traces *telemetry.Tracing // nil: no spans
}

// New makes the queue; Handle adds the kinds, Start begins to work.
func New(c Config) (*Queue, error) {
	q := &Queue{workers: river.NewWorkers(), kinds: map[string]Kind{}, clock: &clock{}}
	q.life = &life{id: identity(), pool: c.Pool, every: cmp.Or(c.Beat, beatEvery), clock: q.clock, kinds: q.kinds, lost: c.lost}
	if c.Workers == 0 {
		c.Workers = 10
	}
	poll := time.Second
	if c.PollOnly {
		poll = polling
	}
	client, err := river.NewClient(riverpgxv5.New(c.Pool), &river.Config{
		ID:       q.life.id,
		Schema:   postgres.JobsSchema,
		Workers:  q.workers,
		PollOnly: c.PollOnly,
		// River tells listeners of a queue at most once in this time, whatever the queue's own pause is.
		FetchCooldown:        webhookCooldown,
		FetchPollInterval:    poll,
		JobTimeout:           timeout,
		RescueStuckJobsAfter: rescueAfter,
		RetryPolicy:          retry{q.clock.Now},
		Test:                 river.TestConfig{Time: q.clock},
		JobInsertMiddleware:  []rivertype.JobInsertMiddleware{&dated{clock: q.clock}},
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

// identity names this start of this process in the rows of the jobs that it runs. Host and process id are for
// people: the next container has the same.
func identity() string {
	host, _ := os.Hostname() // without a name it is still told from the others
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:10])
}

// Now is the time by the clock of the database, for whoever compares a time of a row with now: that of this
// process may be another.
func (q *Queue) Now() time.Time { return q.clock.Now() }

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
	ctx = context.WithoutCancel(ctx)
	q.life.beat(ctx) // before the first job: one that nobody knows of is missed by nobody
	if err := q.client.Start(ctx); err != nil {
		return fmt.Errorf("starting the jobs: %w", err)
	}
	q.life.start(ctx)
	return nil
}

// Stop takes no new jobs and waits for the running ones until ctx ends; then it cancels them, and they
// are available again at once.
func (q *Queue) Stop(ctx context.Context) error {
	err := q.stopRuns(ctx)
	q.life.end(ctx, err == nil)
	return err
}

func (q *Queue) stopRuns(ctx context.Context) error {
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

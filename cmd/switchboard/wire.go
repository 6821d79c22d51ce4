package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/switchboard-voice/switchboard/db/schema"
	"github.com/switchboard-voice/switchboard/graph"
	"github.com/switchboard-voice/switchboard/graph/graphiql"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/authjs"
	"github.com/switchboard-voice/switchboard/internal/config"
	"github.com/switchboard-voice/switchboard/internal/egress"
	"github.com/switchboard-voice/switchboard/internal/httpserver"
	"github.com/switchboard-voice/switchboard/internal/identity"
	"github.com/switchboard-voice/switchboard/internal/inbox"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/live"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/assemblyai"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"github.com/switchboard-voice/switchboard/internal/recording"
	"github.com/switchboard-voice/switchboard/internal/telemetry"
	"github.com/switchboard-voice/switchboard/internal/transcription"
)

// app is the whole house, built from the ground up. This is the only place where rooms meet.
type app struct {
	config     config.Config
	metrics    *telemetry.Metrics
	traces     *telemetry.Tracing // nil: off
	store      *postgres.Store
	jobPool    *pgxpool.Pool
	queue      *jobs.Queue
	hub        *live.Hub
	activity   *activity.Service
	people     *identity.Service
	signalwire *signalwire.Client // nil: not configured
	graph      *graph.Server
	handler    http.Handler
	listens    bool // some connection can LISTEN; else everything is found by polling
}

// build makes the house; nothing runs yet.
func build(ctx context.Context, c config.Config) (*app, error) {
	a := &app{config: c, metrics: telemetry.NewMetrics(), hub: live.New()}
	keys, err := authjs.NewKeys(c.AuthSecrets())
	if err != nil {
		return nil, err
	}
	if err := errors.Join(a.openTraces(ctx), a.openDatabase(ctx)); err != nil {
		return nil, err
	}
	a.signalwire = caller(c, a.callsOut())
	bucket, blobs, err := openBucket(c)
	if err != nil {
		return nil, err
	}
	if err := a.openPeople(keys); err != nil {
		return nil, err
	}
	a.activity = activity.New(a.store, a.hub, a.people.Allowed)
	a.activity.Retain(a.queue, c.ActivityRetention)
	payments := a.billing()
	recordings := recording.New(recording.Deps{Store: a.store, Jobs: a.queue, Bucket: bucket, MaxSize: c.MaxUploadBytes})
	shelf := recording.NewShelf(a.store, bucket, a.queue.Now)
	copies := recording.NewCopies(recording.CopiesDeps{
		Store: a.store, Jobs: a.queue, Bucket: bucket, Client: egress.New(egress.Config{Allow: c.EgressAllow}), MaxSize: c.MaxUploadBytes,
		Providers: recorders(a.signalwire),
	})
	links, err := derive(c, "switchboard transcript links")
	if err != nil {
		return nil, err
	}
	transcriptions := transcription.New(transcription.Deps{
		Store: a.store, Jobs: a.queue, Shelf: shelf, Copies: copies, Uploads: recordings, People: a.people, Activity: a.activity,
		Limits: payments.limits, Analysis: analyses(c.Analysis), MaxLive: c.LiveTranscriptions, BaseURL: c.PublicURL(), LinkKey: links[0], OldKeys: links[1:], Now: time.Now,
	})
	worker := transcription.NewWorker(transcription.WorkerDeps{
		Store: a.store, Jobs: a.queue, Shelf: shelf, Copies: copies, Options: options(c),
		Provider: assemblyai.New(assemblyai.Config{BaseURL: c.AssemblyAIBaseURL, Key: c.AssemblyAIKey, HTTP: a.callsOut()}),
	})
	shelver := recording.NewWorker(a.store, bucket, recorders(a.signalwire))
	shelver.Sweep(a.queue)
	shelver.Retain(a.queue)
	a.onDeletion(worker, shelver)
	a.onSettled(worker)
	calls, dialer := a.telephony(payments.limits, copies, transcription.NewAutomatic(transcriptions))
	a.onClosed(shelver, dialer, payments.worker)
	a.graph = graph.NewServer(graph.Deps{
		Resolver:      graph.Resolver{People: a.people, Activities: a.activity, Recordings: recordings, Transcriptions: transcriptions, Calls: calls, Inbox: inbox.NewService(a.store, a.queue), Payments: payments.service},
		Keys:          keys,
		AllowOrigin:   func(origin string) bool { return slices.Contains(c.Origins(), origin) },
		Introspection: c.Introspection, Budget: budget(c), Limits: limits(c), Counted: a.metrics.Operation, Traces: a.traces, Now: time.Now,
	})
	a.metrics.Sockets(func() telemetry.SocketStats { return telemetry.SocketStats(a.graph.Sockets.Stats()) })
	webhooks := inbox.New(inbox.Deps{
		Store: a.store, Jobs: a.queue, Kept: a.metrics.Webhook, Handled: a.metrics.Handled, FinishedFor: c.InboxRetention,
		Sources: a.sources(worker, dialer, payments),
	})
	a.metrics.Backlog(func(ctx context.Context) (telemetry.Backlog, error) { return a.backlog(ctx, webhooks) })
	a.routes(httpserver.Handlers{SignIn: a.signIn(keys), Webhooks: webhooks, Answer: a.answers(dialer), Download: transcriptions, Blobs: blobs})
	return a, nil
}

// openDatabase opens two pools: queries may go through a transaction pooler, River goes around it.
func (a *app) openDatabase(ctx context.Context) error {
	c := a.config
	store, err := postgres.Open(ctx, postgres.Config{
		URL: c.PooledURL(), MaxConns: c.DatabaseMaxConns, Counted: a.metrics.Statement, Wake: a.hub.Publish, Traces: a.traces,
	})
	if err != nil {
		return err
	}
	a.store = store
	if err := store.Migrated(ctx, schema.Files); err != nil {
		return err
	}
	if err := postgres.CanListen(ctx, c.DirectURL()); err != nil {
		slog.Warn("no connection can listen: changes are found by polling, which is slower", "error", err)
	} else {
		a.listens = true
	}
	a.jobPool, err = jobPool(ctx, c.DirectURL())
	if err != nil {
		return err
	}
	a.queue, err = jobs.New(jobs.Config{Pool: a.jobPool, PollOnly: !a.listens, Ran: a.metrics.Job, Traces: a.traces})
	return err
}

const (
	// jobConns are River's own: a fetch for each queue, its leader, its listener and the jobs' completions.
	jobConns = 8
	// jobConnect is what a cold serverless database needs to wake, with some to spare.
	jobConnect = 10 * time.Second
)

func jobPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	parsed, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the direct database URL cannot be read: check DATABASE_URL_UNPOOLED") // the cause would show the password
	}
	parsed.MaxConns, parsed.ConnConfig.ConnectTimeout = jobConns, jobConnect
	parsed.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe // the same address may be a pooler
	return pgxpool.NewWithConfig(ctx, parsed)
}

// routes adds to what the rooms answer all that is not theirs.
func (a *app) routes(handlers httpserver.Handlers) {
	handlers.GraphQL, handlers.Ready, handlers.Answered, handlers.Traces = a.graph, a.ready, a.metrics.Request, a.traces
	handlers.Origins, handlers.TrustedProxies = a.config.Origins(), a.config.TrustedProxies
	handlers.WebhookLimit = perSecond(a.config.WebhooksPerAddress)
	if a.config.GraphiQL {
		handlers.GraphiQL = graphiql.Handler("/graphql")
	}
	a.handler = httpserver.Routes(handlers)
}

// ready says whether a request would be answered: the database takes writes and the schema fits.
func (a *app) ready(ctx context.Context) error {
	if err := a.store.Ready(ctx); err != nil {
		return err
	}
	return a.store.Migrated(ctx, schema.Files)
}

// options say how audio reaches the provider and how its answer reaches us.
func options(c config.Config) transcription.Options {
	o := transcription.Options{Upload: c.UploadsAudio(), Extra: c.AssemblyAIOptions, PollEvery: c.PollEvery, CheckAfter: c.CheckAfter, LostAfter: c.LostAfter}
	if !c.PollsProvider() {
		o.WebhookURL, o.WebhookSecret = c.PublicURL()+"/api/webhooks/assemblyai", c.AssemblyAIWebhookSecrets[0]
	}
	return o
}

func analyses(words []config.Analysis) []identity.Analysis {
	list := make([]identity.Analysis, len(words))
	for i, w := range words {
		list[i] = identity.Analysis(w)
	}
	return list
}

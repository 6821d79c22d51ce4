package telephony

import (
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
	"github.com/switchboard-voice/switchboard/internal/recording"
)

// Worker is the door for jobs, the inbox and the provider, which asks what to do with a call.
type Worker struct {
	store    *postgres.Store
	jobs     *jobs.Queue
	copies   *recording.Copies
	limits   *billing.Limits
	provider *signalwire.Client
	ended    func(direction, status string)
	options  Options
}

// Options say how the provider reaches us and how long we wait for it.
type Options struct {
	PublicURL   string   // of this service, as the provider knows it
	WebhookPath string   // where it tells us of calls and recordings
	AnswerPath  string   // where it asks what to do with one
	SigningKeys []string // one of them signed what it sends; two while they are changed
	// CheckAfter is how long nothing may be heard of a live call before the sweep asks, and how long after its
	// end its recordings are asked for.
	CheckAfter time.Duration
	// LostAfter is how long a call that may have been dialed is looked for before it counts as failed.
	LostAfter time.Duration
}

const (
	// sweepEvery times the sweep; with CheckAfter it bounds how late a lost webhook makes us.
	sweepEvery = 15 * time.Second
	// sweepBatch bounds one sweep; the next one takes the rest.
	sweepBatch = 100
	// oldest is when a call is given up that the provider never ended: its own limit is four hours.
	oldest = 24 * time.Hour
)

// WorkerDeps is what the worker needs.
type WorkerDeps struct {
	Store    *postgres.Store
	Jobs     *jobs.Queue
	Copies   *recording.Copies
	Limits   *billing.Limits
	Provider *signalwire.Client             // nil: none is configured, and no call begins
	Ended    func(direction, status string) // counts calls that are over
	Options  Options
}

// NewWorker makes the worker and registers its jobs. Every process registers every kind, also where no
// provider is configured: calls of before are then left as they are.
func NewWorker(d WorkerDeps) *Worker {
	w := &Worker{store: d.Store, jobs: d.Jobs, copies: d.Copies, limits: d.Limits, provider: d.Provider, ended: d.Ended, options: d.Options}
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Work, Once: true}, w.place)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Work, Once: true}, w.check)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Work, Once: true}, w.hangup)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Work, Once: true}, w.collect)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, w.sweep)
	if d.Provider != nil {
		d.Jobs.Every(sweepEvery, sweepArgs{})
	}
	return w
}

type placeArgs struct {
	CallID uuid.UUID `json:"call_id"`
}

func (placeArgs) Kind() string { return "call.place" }

type checkArgs struct {
	CallID     uuid.UUID `json:"call_id"`
	ProviderID string    `json:"provider_id,omitempty"` // empty: the first leg
}

func (checkArgs) Kind() string { return "call.check" }

type hangupArgs struct {
	ProviderID string `json:"provider_id"`
}

func (hangupArgs) Kind() string { return "call.hangup" }

type collectArgs struct {
	CallID uuid.UUID `json:"call_id"`
}

func (collectArgs) Kind() string { return "call.collect" }

type sweepArgs struct{}

func (sweepArgs) Kind() string { return "call.sweep" }

func (o Options) webhook(call uuid.UUID) string {
	return o.PublicURL + o.WebhookPath + "?" + ourID + "=" + call.String()
}

func (o Options) answer(call uuid.UUID) string {
	return o.PublicURL + o.AnswerPath + "?" + ourID + "=" + call.String()
}

// ourID names our own id in the addresses that the provider calls. The signature covers it.
const ourID = "call"

// Package inbox takes what providers send us: it checks who sent it, keeps it byte for byte, once, and
// enqueues the work in the same transaction, all before it answers. What a delivery means is for the
// room above that the source belongs to; a delivery is a knock, and that room reads the news itself.
package inbox

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// SourceName says who sends.
type SourceName string

// The sources so far.
const (
	AssemblyAI SourceName = "ASSEMBLYAI"
	SignalWire SourceName = "SIGNALWIRE"
	Stripe     SourceName = "STRIPE"
)

// Status says how far an event is.
type Status string

const (
	Received  Status = "RECEIVED"
	Retrying  Status = "RETRYING"
	Processed Status = "PROCESSED"
	Failed    Status = "FAILED" // a dead letter: nothing tries it again until an operator or the sender does
	Discarded Status = "DISCARDED"
)

// Statuses are all of them.
func Statuses() []Status { return []Status{Received, Retrying, Processed, Failed, Discarded} }

func (s Status) finished() bool { return s == Processed || s == Discarded }

// Delivery is what a source reads out of a request.
type Delivery struct {
	Type       string   // the vendor's word for what happened
	ExternalID string   // the vendor's id of what it happened to; may be empty
	Same       []string // two deliveries are the same event when all of these are equal
}

// ErrForged is a request that the source did not sign.
var ErrForged = errors.New("the signature or secret is missing or wrong")

// Source is one provider's door.
type Source struct {
	Name SourceName
	// Secret is the header that must not be kept.
	Secret string
	// Read checks the request on the raw bytes and says what it is. Error: ErrForged. A body that a
	// true sender garbled is no error: it is kept under its hash.
	Read func(r *http.Request, body []byte) (Delivery, error)
	// Handle does what the delivery makes necessary. An error means: try again later.
	Handle func(ctx context.Context, event Event) (Matched, error)
}

// Event is a kept delivery.
type Event struct {
	ID         uuid.UUID
	Source     SourceName
	Query      string // the raw query of the URL that was called
	Body       []byte
	ReceivedAt time.Time
	Last       bool // no further try follows
}

// Matched says whose event it was and what it was about; zero when it was nobody's.
type Matched struct {
	OrganizationID uuid.UUID
	Subject        ids.ID // zero where that is not one thing, or not known yet
}

// Inbox keeps and delivers.
type Inbox struct {
	store       *postgres.Store
	jobs        *jobs.Queue
	sources     map[string]Source // by the last part of the path
	kept        func(source, outcome string)
	handled     func(source, outcome string, after time.Duration)
	finishedFor time.Duration
	intake      *intake
}

// Deps is what the room needs.
type Deps struct {
	Store       *postgres.Store
	Jobs        *jobs.Queue
	Sources     map[string]Source
	Kept        func(source, outcome string)                      // counts what came in: new, again, forged, lost
	Handled     func(source, outcome string, after time.Duration) // counts runs and how long after it was enqueued each ended: processed, retrying, failed
	FinishedFor time.Duration                                     // how long processed and discarded events stay; 0: for good
}

// New makes the inbox and registers its jobs.
func New(d Deps) *Inbox {
	in := &Inbox{store: d.Store, jobs: d.Jobs, sources: d.Sources, kept: d.Kept, handled: d.Handled, finishedFor: d.FinishedFor, intake: &intake{store: d.Store, jobs: d.Jobs}}
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Webhooks}, in.deliver)
	jobs.Handle(d.Jobs, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, in.retain)
	d.Jobs.Every(retainEvery, retainArgs{})
	return in
}

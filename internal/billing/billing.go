// Package billing knows what an organization pays for and may use: it owns the plans, the mirror of what
// Stripe says of customers, subscriptions, invoices and payment methods, and the count of what was used.
// A webhook, a job and a member's click are all knocks: each makes us read an organization's things at
// Stripe again, one at a time, and store what Stripe says now. Rooms above join Limits in their own
// transaction.
package billing

import (
	"context"
	"time"

	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// Status is how far a subscription is: Stripe's words, in capitals.
type Status string

// All there are.
const (
	Active            Status = "ACTIVE"
	Trialing          Status = "TRIALING"
	PastDue           Status = "PAST_DUE" // a payment failed and is tried again
	Unpaid            Status = "UNPAID"
	Canceled          Status = "CANCELED"
	Incomplete        Status = "INCOMPLETE" // its first payment has not come
	IncompleteExpired Status = "INCOMPLETE_EXPIRED"
	Paused            Status = "PAUSED"
)

// over says that nothing more comes of it, and that another one may begin.
func (s Status) over() bool { return s == Canceled || s == IncompleteExpired }

// rank orders those of which one must be chosen: what is paid for comes first.
func (s Status) rank() int {
	switch s {
	case Active, Trialing:
		return 0
	case PastDue:
		return 1
	case Unpaid, Paused:
		return 2
	}
	return unpaidRank
}

// unpaidRank is that of what was never paid.
const unpaidRank = 3

// Subscription is what an organization pays for again and again.
type Subscription struct {
	ID                ids.ID
	OrganizationID    ids.ID
	Status            Status
	Plan              *Plan // nil: the price is none of ours
	Price             Money
	Interval          string
	CurrentPeriodEnd  time.Time
	CancelAtPeriodEnd bool
	CanceledAt        *time.Time
	TrialEndsAt       *time.Time
}

// Invoice is a bill.
type Invoice struct {
	ID         ids.ID
	Number     *string
	Status     InvoiceStatus
	AmountDue  Money
	AmountPaid Money
	IssuedAt   time.Time
	DueAt      *time.Time
	PaidAt     *time.Time
	HostedURL  *string
	PDFURL     *string
}

// InvoiceStatus is Stripe's word, in capitals.
type InvoiceStatus string

// All there are. A payment that failed leaves an invoice open.
const (
	InvoiceDraft         InvoiceStatus = "DRAFT"
	InvoiceOpen          InvoiceStatus = "OPEN"
	InvoicePaid          InvoiceStatus = "PAID"
	InvoiceVoid          InvoiceStatus = "VOID"
	InvoiceUncollectible InvoiceStatus = "UNCOLLECTIBLE"
)

// PaymentMethod is a card or another way to pay.
type PaymentMethod struct {
	ID                ids.ID
	Kind              string
	Brand, Last4      *string
	ExpMonth, ExpYear *int
	IsDefault         bool
}

// Service is the door for people.
type Service struct {
	desk
	origins []string
}

// Deps is what the room needs.
type Deps struct {
	Store   *postgres.Store
	Jobs    *jobs.Queue
	Stripe  *stripe.Client // nil: nothing is sold
	Rules   Rules
	Origins []string          // of the web app; the first one is where people come back to
	Alert   func(kind string) // counts what somebody must look at
	Repair  func()            // counts what a comparison with Stripe corrected
}

// desk is what people's and the worker's door have in common.
type desk struct {
	store  *postgres.Store
	jobs   *jobs.Queue
	stripe *stripe.Client
	rules  Rules
	alert  func(kind string)
	repair func()
}

func newDesk(d Deps) desk {
	return desk{store: d.Store, jobs: d.Jobs, stripe: d.Stripe, rules: d.Rules, alert: d.Alert, repair: d.Repair}
}

// New makes the service.
func New(d Deps) *Service { return &Service{desk: newDesk(d), origins: d.Origins} }

// after runs what must not be cut short because a caller has left.
func after(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
}

// noteTimeout is for one small statement.
const noteTimeout = 2 * time.Second

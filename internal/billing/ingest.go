package billing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// SignatureHeader is what Stripe signs its webhooks in.
const SignatureHeader = "Stripe-Signature"

const (
	// earlyPause and earlyFor are for a webhook that was faster than our own note of whose customer it is.
	earlyPause, earlyFor = time.Second, time.Minute
)

var errNobody = errors.New("no organization has this customer")

// Knock is a webhook that was kept.
type Knock struct {
	Body       []byte
	ReceivedAt time.Time
}

// Event checks a webhook on its raw bytes and says what it is about. An error means: not signed by Stripe.
// One that is signed and cannot be read is no error: it is kept, under its own hash, for an operator.
func (w *Worker) Event(r *http.Request, body []byte) (stripe.Event, error) {
	event, err := stripe.ParseEvent(body, r.Header.Get(SignatureHeader), w.secrets)
	if errors.Is(err, stripe.ErrUnreadable) {
		return stripe.Event{Type: "unreadable"}, nil
	}
	return event, err
}

// Ingest takes a webhook: it finds whose it is, reads that organization's things at Stripe and stores them.
// Nothing that the webhook says is believed but where to look. It gives the organization, also with an error.
func (w *Worker) Ingest(ctx context.Context, k Knock) (uuid.UUID, error) {
	e, err := stripe.ReadKept(k.Body)
	if err != nil {
		return uuid.Nil, jobs.GiveUp(err)
	}
	if e.CustomerID == "" && e.ChargeID == "" && e.ObjectKind != "dispute" { // of a price, a payout and the like
		return uuid.Nil, nil
	}
	if w.stripe == nil {
		return uuid.Nil, jobs.GiveUp(errors.New("a webhook of stripe's came, and stripe is not configured"))
	}
	amount, err := w.charged(ctx, &e)
	if err != nil || e.CustomerID == "" {
		return uuid.Nil, waits(err)
	}
	owner, err := w.owner(ctx, e.CustomerID)
	if errors.Is(err, errNobody) {
		return uuid.Nil, w.nobodys(e, k)
	}
	if err != nil {
		return uuid.Nil, waits(err)
	}
	if err := w.remark(ctx, owner, e, amount); err != nil {
		return owner, err
	}
	return owner, w.knock(ctx, owner, e, k)
}

// knock has the organization read, unless that was done after the webhook had come.
func (w *Worker) knock(ctx context.Context, owner uuid.UUID, e stripe.Event, k Knock) error {
	var done found
	err := w.turns(ctx, owner, func(ctx context.Context, t turn) error {
		if fresh, err := w.covered(ctx, t, e, k); err != nil || fresh {
			return err
		}
		var err error
		done, err = w.refresh(ctx, t, wanted{invoice: e.InvoiceID})
		return err
	})
	if err == nil && done.unknownPrice != "" {
		return fmt.Errorf("the price %s is none of STRIPE_PRICE_*: what it is to be worth must be configured", done.unknownPrice)
	}
	return err
}

// covered says whether a read that is stored began after the webhook came: then that is in it, and a burst of
// webhooks about one change costs one or two reads.
func (w *Worker) covered(ctx context.Context, t turn, e stripe.Event, k Knock) (bool, error) {
	if t.readAt == nil || !t.readAt.After(k.ReceivedAt) {
		return false, nil
	}
	rows, err := w.store.ListBillingSubscriptions(ctx, t.organization)
	if err != nil {
		return false, fmt.Errorf("reading the subscriptions: %w", err)
	}
	for _, r := range rows { // one with a price that is unknown, or known since, is read again
		if known := w.rules.tier(r.PriceID); !Status(r.Status).over() && (known == nil || *known != postgres.Text(r.Tier)) {
			return false, nil
		}
	}
	if e.InvoiceID == "" {
		return true, nil
	}
	newest, err := w.newest(ctx, t.organization, e.InvoiceID)
	return newest, err
}

// charged completes an event about a charge or a dispute, which does not say whose it is, and gives what
// tells one refund of a charge from the next.
func (w *Worker) charged(ctx context.Context, e *stripe.Event) (string, error) {
	if e.ObjectKind == "dispute" && e.CustomerID == "" && e.ChargeID == "" && e.ObjectID != "" {
		said, err := w.stripe.Dispute(ctx, e.ObjectID)
		if err != nil {
			return "", err
		}
		e.ChargeID = said.Charge
	}
	if e.ChargeID == "" || e.CustomerID != "" && e.Type != "charge.refunded" {
		return "", nil
	}
	said, err := w.stripe.Charge(ctx, e.ChargeID)
	if err != nil {
		return "", err
	}
	e.CustomerID = said.Customer
	return strconv.FormatInt(said.AmountRefunded, 10), nil
}

// remark notes what no state of a subscription shows.
func (w *Worker) remark(ctx context.Context, owner uuid.UUID, e stripe.Event, amount string) error {
	kind, thing := "", e.ObjectID
	switch e.Type {
	case "charge.dispute.created":
		kind = Disputed
	case "charge.refunded":
		kind, thing = Refunded, e.ObjectID+" "+amount
	case "customer.subscription.trial_will_end":
		kind = TrialEnding
	case "invoice.payment_action_required":
		kind = ActionRequired
	case "checkout.session.async_payment_failed":
		kind = PaymentFailed
	default:
		return nil
	}
	return w.report(ctx, incident{kind: kind, thing: thing, organization: owner}, map[string]string{"object": e.ObjectID})
}

// owner finds whose customer it is: by what we noted, else by what we wrote into the customer itself.
func (w *Worker) owner(ctx context.Context, customer string) (uuid.UUID, error) {
	row, err := w.store.GetBillingCustomer(ctx, customer)
	if err == nil {
		return row.OrganizationID, nil
	}
	if !postgres.Missing(err) {
		return uuid.Nil, fmt.Errorf("looking for the customer: %w", err)
	}
	said, err := w.stripe.Customer(ctx, customer)
	if stripe.NotFound(err) {
		return uuid.Nil, errNobody
	}
	if err != nil {
		return uuid.Nil, err
	}
	organization, err := uuid.Parse(said.Metadata[ownerField])
	if err != nil || said.Deleted {
		return uuid.Nil, errNobody
	}
	known, err := w.store.ListOrganizations(ctx, []uuid.UUID{organization})
	if err != nil {
		return uuid.Nil, fmt.Errorf("looking for the organization: %w", err)
	}
	if len(known) == 0 {
		return uuid.Nil, errNobody
	}
	return organization, w.adopt(ctx, organization, customer)
}

// nobodys is for a customer that is none of ours. Where money may have been paid for nothing it ends with the
// dead letters; a customer or card of another product in the same account at Stripe is nothing to us.
func (w *Worker) nobodys(e stripe.Event, k Knock) error {
	if e.SubscriptionID == "" && e.ObjectKind != "checkout.session" {
		return nil
	}
	if e.Type == "customer.subscription.deleted" || e.Type == "checkout.session.expired" { // also of an organization that was deleted: nobody pays any more
		return nil
	}
	if w.jobs.Now().Sub(k.ReceivedAt) < earlyFor {
		return jobs.Later(earlyPause)
	}
	return jobs.GiveUp(fmt.Errorf("%s of %s: %w", e.Type, e.CustomerID, errNobody))
}

package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	stripego "github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"
)

const (
	// maxWebhook is several times the largest object that the vendor sends.
	maxWebhook = 1 << 20
	// tolerance is the vendor's own: a webhook that was copied is worthless after it.
	tolerance = webhook.DefaultTolerance
)

// Why a webhook is not believed.
var (
	ErrUnsigned   = errors.New("no configured secret has signed this webhook")
	ErrOld        = errors.New("the webhook was signed too long ago")
	ErrUnreadable = errors.New("the webhook is signed, and is no event that we can read")
)

// Event is what a webhook says: that something happened to an object, and where to look. No state of the
// object is in it: that is old by the time it is read, and may be in the words of another API version.
type Event struct {
	ID             string
	Type           string // customer.subscription.updated, …
	Created        time.Time
	Live           bool // of the live mode, not of a test
	APIVersion     string
	ObjectKind     string // subscription, invoice, checkout.session, customer, payment_method, charge, dispute, …
	ObjectID       string // may be empty: the vendor's upcoming invoices have none
	CustomerID     string // also of what was just taken from its customer; empty where the object does not say
	SubscriptionID string
	InvoiceID      string
	ChargeID       string
}

// ParseEvent reads a webhook that one of the secrets has signed; there are two while they are changed. An
// empty secret signs nothing: the vendor's own verifier would take it, and anybody could sign with it.
func ParseEvent(body []byte, header string, secrets []string) (Event, error) {
	if len(body) > maxWebhook {
		return Event{}, fmt.Errorf("%w: %d bytes", ErrUnreadable, len(body))
	}
	failed := ErrUnsigned
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		err := webhook.ValidatePayloadWithTolerance(body, header, secret, tolerance)
		if err == nil {
			return read(body, header, secret)
		}
		if errors.Is(err, webhook.ErrTooOld) {
			failed = ErrOld
		}
	}
	return Event{}, failed
}

// read takes the ids out of an event. Its version is not looked at: each object is read again in ours.
func read(body []byte, header, secret string) (Event, error) {
	said, err := webhook.ConstructEventWithOptions(body, header, secret, webhook.ConstructEventOptions{Tolerance: tolerance, IgnoreAPIVersionMismatch: true})
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return told(said)
}

// ReadKept takes the ids out of a webhook that ParseEvent believed when it came, and that was kept since: its
// signature is too old by now.
func ReadKept(body []byte) (Event, error) {
	var said stripego.Event
	if err := json.Unmarshal(body, &said); err != nil {
		return Event{}, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return told(said)
}

// told is what an event says by its ids.
func told(said stripego.Event) (Event, error) {
	if said.ID == "" || said.Type == "" || said.Data == nil || said.Data.Object == nil {
		return Event{}, fmt.Errorf("%w: it has no id, type or object", ErrUnreadable)
	}
	object, before := said.Data.Object, said.Data.PreviousAttributes
	e := Event{
		ID: said.ID, Type: string(said.Type), Created: at(said.Created), Live: said.Livemode, APIVersion: said.APIVersion,
		ObjectKind: word(object["object"]), ObjectID: idOf(object["id"]),
		CustomerID: idOf(object["customer"]), SubscriptionID: idOf(object["subscription"]), InvoiceID: idOf(object["invoice"]), ChargeID: idOf(object["charge"]),
	}
	if e.CustomerID == "" {
		e.CustomerID = idOf(before["customer"])
	}
	if e.SubscriptionID == "" { // where newer versions put it
		e.SubscriptionID = idOf(within(object, "parent", "subscription_details", "subscription"))
	}
	e.self()
	return e, nil
}

// self makes the object its own customer, subscription, invoice or charge.
func (e *Event) self() {
	switch e.ObjectKind {
	case "customer":
		e.CustomerID = e.ObjectID
	case "subscription":
		e.SubscriptionID = e.ObjectID
	case "invoice":
		e.InvoiceID = e.ObjectID
	case "charge":
		e.ChargeID = e.ObjectID
	}
}

func word(v any) string {
	s, _ := v.(string)
	return s
}

// idOf reads a reference, which is an id or the whole object. What is no id is left out, so that nothing
// from outside gets into a path.
func idOf(v any) string {
	if whole, ok := v.(map[string]any); ok {
		v = whole["id"]
	}
	if id := word(v); idPattern.MatchString(id) {
		return id
	}
	return ""
}

func within(v any, path ...string) any {
	for _, name := range path {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return v
}

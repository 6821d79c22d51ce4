package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/stripe"
)

// action is a kind of write to Stripe.
type action string

// All there are.
const (
	makeCustomer action = "CUSTOMER"
	openCheckout action = "CHECKOUT"
	changePlan   action = "PLAN_CHANGE"
	cancelAtEnd  action = "CANCEL"
	cancelNow    action = "CANCEL_NOW"
	resume       action = "RESUME"
	setDefault   action = "SET_DEFAULT"
	detach       action = "DETACH"
)

// asked says what a person wants.
type asked struct {
	action    action
	target    string
	key       *string // the client's; nil: whoever wants the same means the same
	returnURL string
}

// open finds the operation that was begun for this, or begins one and has it in the audit log.
func (d desk) open(ctx context.Context, scope access.Scope, a asked) (*db.BeginBillingOperationRow, error) {
	id := uuid.Must(uuid.NewV7())
	var row *db.BeginBillingOperationRow
	err := d.store.InTx(ctx, func(tx *postgres.Tx) (err error) {
		row, err = tx.BeginBillingOperation(ctx, db.BeginBillingOperationParams{
			ID: id, OrganizationID: scope.OrganizationID, Kind: string(a.action), Target: a.target, IdempotencyKey: a.key, ReturnUrl: postgres.OrNull(a.returnURL),
		})
		if err != nil {
			return fmt.Errorf("beginning an operation: %w", err)
		}
		if row.ID != id {
			return nil
		}
		return activity.Record(ctx, tx, activity.Event{
			OrganizationID: scope.OrganizationID, Type: activity.BillingRequested, Subject: ids.Of(ids.Organization, scope.OrganizationID),
			Status: string(a.action), Actor: activity.Person(scope.UserID), Audience: activity.Audit, Detail: map[string]string{"action": string(a.action), "target": a.target},
		})
	})
	if err != nil {
		return nil, err
	}
	if row.Target != a.target || postgres.Text(row.ReturnUrl) != a.returnURL {
		return nil, fault.Conflict("This idempotency key was used for something else.")
	}
	return row, nil
}

// write sends an operation under its key and finishes it; a checkout is finished by the sweep. Where the answer
// leaves open what happened, did looks; an error that Stripe keeps under the key gets the next try another one.
func (d desk) write(ctx context.Context, op *db.BeginBillingOperationRow, send func(key string) error, did func() (bool, error)) error {
	err := send(stripeKey(op))
	if err == nil && op.IdempotencyKey == nil && action(op.Kind) != makeCustomer {
		err = d.anew(ctx, op, send, did)
	}
	if err != nil && stripe.Unsure(err) {
		happened, looked := did()
		if looked != nil {
			return errors.Join(err, looked)
		}
		if happened {
			err = nil
		}
	}
	if err != nil {
		return errors.Join(err, d.another(ctx, op, err))
	}
	if action(op.Kind) == openCheckout { // it is open until it is paid or over
		return nil
	}
	if err := d.store.FinishBillingOperation(ctx, op.ID); err != nil {
		return fmt.Errorf("finishing an operation: %w", err)
	}
	return nil
}

// anew sends once more, under another key, where Stripe has only repeated its answer to an earlier try: one that was
// not noted as done, and was taken back since. What sets a state may be sent twice.
func (d desk) anew(ctx context.Context, op *db.BeginBillingOperationRow, send func(key string) error, did func() (bool, error)) error {
	if done, err := did(); err != nil || done {
		return err
	}
	attempt, err := d.store.NextBillingAttempt(ctx, op.ID)
	if err != nil {
		return fmt.Errorf("counting an attempt: %w", err)
	}
	op.Attempt = attempt
	return send(stripeKey(op))
}

// another gives the next try a key of its own, where Stripe would only repeat its answer. What got no
// answer, and what Stripe is still at, is repeated under the same key.
func (d desk) another(ctx context.Context, op *db.BeginBillingOperationRow, err error) error {
	var said *stripe.Error
	if !errors.As(err, &said) || said.Status < 500 && said.Temporary() {
		return nil
	}
	ctx, cancel := after(ctx)
	defer cancel()
	if _, err := d.store.NextBillingAttempt(ctx, op.ID); err != nil {
		return fmt.Errorf("counting an attempt: %w", err)
	}
	return nil
}

func stripeKey(op *db.BeginBillingOperationRow) string {
	return fmt.Sprintf("switchboard-%s-%d", op.ID, op.Attempt)
}

// refused tells a person what Stripe said no to. What went wrong on the way is nobody's fault here.
func refused(err error) error {
	var said *stripe.Error
	switch {
	case err == nil || fault.As(err) != nil:
		return err
	case errors.Is(err, errBusy):
		return fault.Conflict("The billing of this organization is being changed. Try again in a moment.")
	case !errors.As(err, &said):
		return err
	case said.RateLimited():
		return fault.Unavailable(err)
	case said.Declined():
		return fault.InvalidState("The payment was declined: %s", said.Message).Because(err)
	case said.Refused():
		return fault.InvalidState("Stripe refused this: %s", said.Message).Because(err)
	}
	return fault.Unavailable(err)
}

// checkKey holds a client's key to what fits.
func checkKey(key string) error {
	if len(key) == 0 || len(key) > 255 || strings.ContainsRune(key, 0) || !utf8.ValidString(key) {
		return fault.Invalid("idempotencyKey", "An idempotency key has 1 to 255 bytes.")
	}
	return nil
}

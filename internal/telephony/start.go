package telephony

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/switchboard-voice/switchboard/internal/access"
	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// StartInput says whom to call.
type StartInput struct {
	OrganizationID ids.ID
	To             string
	FromNumberID   *ids.ID // nil: the organization's oldest number
	Record         *bool   // nil: the organization's setting
	IdempotencyKey string  // the same key gives the same call
}

// Start has a number called, once. Errors: NotFound, Forbidden below Operator, Invalid, LimitExceeded with the
// name of the limit, PlanLimit where the plan has no call or no minute left, Conflict for a key that was used for another number, InvalidState where no provider is
// configured or there is no number to call from.
func (s *Service) Start(ctx context.Context, viewer access.Viewer, in StartInput) (*Call, error) {
	scope, err := viewer.Scope(in.OrganizationID, access.Operator)
	if err != nil {
		return nil, err
	}
	if k := in.IdempotencyKey; len(k) == 0 || len(k) > 255 || strings.ContainsRune(k, 0) || !utf8.ValidString(k) {
		return nil, fault.Invalid("idempotencyKey", "An idempotency key has 1 to 255 bytes.")
	}
	if !s.enabled {
		return nil, fault.InvalidState("This service has no telephone provider.")
	}
	var made Call
	start := func(tx *postgres.Tx) (err error) {
		made, err = s.start(ctx, tx, scope, in)
		return err
	}
	err = s.store.InTx(ctx, start)
	if postgres.Violates(err, "calls_idempotency_key") {
		err = s.store.InTx(ctx, start) // the same request won: then its call is there by now, and is the answer
	}
	if err != nil {
		return nil, err
	}
	return &made, nil
}

func (s *Service) start(ctx context.Context, tx *postgres.Tx, scope access.Scope, in StartInput) (Call, error) {
	// First of all: what was begun stays begun, also when it would not be allowed by now.
	if earlier, err := earlier(ctx, tx, scope, in); err != nil || earlier != nil {
		return *cmp.Or(earlier, &Call{}), err
	}
	rules, err := settings(tx.GetTelephonySettings(ctx, scope.OrganizationID))
	if err != nil {
		return Call{}, err
	}
	from, err := s.from(ctx, tx, scope, in.FromNumberID)
	if err != nil {
		return Call{}, err
	}
	to, err := dialable("to", in.To, from.Number, rules.AllowedCountries)
	if err != nil {
		return Call{}, err
	}
	record := rules.Record
	set(&record, in.Record)
	row, err := tx.InsertCall(ctx, db.InsertCallParams{
		ID: ids.New(ids.Call).UUID, OrganizationID: scope.OrganizationID, Direction: string(Outbound), FromNumber: from.Number, ToNumber: to,
		CreatedBy: &scope.UserID, IdempotencyKey: &in.IdempotencyKey,
		Record: record, Announcement: rules.announcement(record), Transcribe: rules.Transcribe, ForwardTo: from.ForwardTo,
	})
	if err != nil {
		return Call{}, fmt.Errorf("inserting the call: %w", err)
	}
	if err := s.use(ctx, tx, row); err != nil {
		return Call{}, err
	}
	if err := s.jobs.Enqueue(ctx, tx, placeArgs{CallID: row.ID}); err != nil {
		return Call{}, err
	}
	if err := changed(ctx, tx, row, "", activity.Person(scope.UserID)); err != nil {
		return Call{}, err
	}
	return fromRow(row), fits(ctx, tx, scope, rules)
}

// from is the number that is called from.
func (s *Service) from(ctx context.Context, tx *postgres.Tx, scope access.Scope, id *ids.ID) (PhoneNumber, error) {
	rows, err := tx.ListPhoneNumbers(ctx, scope.OrganizationID)
	if err != nil {
		return PhoneNumber{}, fmt.Errorf("reading the numbers: %w", err)
	}
	for _, row := range rows {
		if found := numberFromRow(row); id == nil || *id == found.ID {
			return found, nil
		}
	}
	switch {
	case id != nil:
		return PhoneNumber{}, fault.NotFound("phone number")
	case s.fallback == "":
		return PhoneNumber{}, fault.InvalidState("This organization has no telephone number to call from. Its operator assigns them.")
	}
	return PhoneNumber{Number: s.fallback}, nil
}

// earlier finds what the same idempotency key began before.
func earlier(ctx context.Context, tx *postgres.Tx, scope access.Scope, in StartInput) (*Call, error) {
	row, err := tx.GetCallByKey(ctx, db.GetCallByKeyParams{OrganizationID: scope.OrganizationID, CreatedBy: &scope.UserID, IdempotencyKey: &in.IdempotencyKey})
	if postgres.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the idempotency key: %w", err)
	}
	if row.ToNumber != e164(in.To, row.FromNumber) {
		return nil, fault.Conflict("This idempotency key was used for another number.")
	}
	found := fromRow(row)
	return &found, nil
}

// fits refuses what is more than the organization's rules allow. It counts under the organization's lock, which
// recording takes: of two calls that begin at the same time, the second sees the first. Error: LimitExceeded.
func fits(ctx context.Context, tx *postgres.Tx, scope access.Scope, rules Settings) error {
	live, err := tx.CountLiveCalls(ctx, scope.OrganizationID, int32(rules.MaxConcurrentCalls)+1)
	if err != nil {
		return fmt.Errorf("counting live calls: %w", err)
	}
	if most := rules.MaxConcurrentCalls; int(live) > most {
		return fault.LimitExceeded("", fault.Ceiling{Name: ConcurrentCalls, Most: &most}, "This organization has at most %d calls at the same time.", most)
	}
	today, err := tx.CountCallsToday(ctx, scope.OrganizationID, int32(rules.MaxDailyCalls)+1)
	if err != nil {
		return fmt.Errorf("counting the calls of today: %w", err)
	}
	if most := rules.MaxDailyCalls; int(today) > most {
		return fault.LimitExceeded("", fault.Ceiling{Name: DailyCalls, Most: &most}, "This organization begins at most %d calls a day. A day ends at midnight, UTC.", most)
	}
	return nil
}

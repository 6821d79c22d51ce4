package telephony

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// silentIn is when we look again whether all that was hung up has ended.
const silentIn = 5 * time.Second

// Vacate takes the numbers of a closed organization, so that nobody answers and records in its name, and hangs up
// what it has under way. It waits, by jobs.Later, until that has ended: what was recorded is known by then, and
// is deleted with the rest.
func (w *Worker) Vacate(ctx context.Context, organization uuid.UUID) error {
	var live int
	err := w.store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.RemovePhoneNumbersOf(ctx, organization); err != nil {
			return fmt.Errorf("taking a closed organization's numbers: %w", err)
		}
		calls, err := tx.HangUpCallsOf(ctx, organization)
		if err != nil {
			return fmt.Errorf("giving up a closed organization's calls: %w", err)
		}
		live = len(calls)
		legs, err := tx.ListFirstLegs(ctx, calls)
		if err != nil {
			return fmt.Errorf("reading the legs of a closed organization: %w", err)
		}
		for _, leg := range legs {
			if err := w.jobs.Enqueue(ctx, tx, hangupArgs{ProviderID: leg}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && live > 0 && w.provider != nil { // without a provider none of them ever ends
		return jobs.Later(silentIn)
	}
	return err
}

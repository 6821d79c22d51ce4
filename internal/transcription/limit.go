package transcription

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/fault"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// liveRetry is about how long the provider takes for a call of some minutes: then one of many has ended.
const liveRetry = 30 * time.Second

// use counts a transcription against the plan, once: another attempt at it is not counted again. It comes
// before record, as all who count do: the lock on the count is taken before that on the head.
func (s *Service) use(ctx context.Context, tx *postgres.Tx, row *db.Transcription) error {
	return s.limits.Use(ctx, tx, billing.Usage{OrganizationID: row.OrganizationID, Metric: billing.Transcriptions, Thing: row.ID, Amount: 1})
}

// fits refuses what would give an organization more live transcriptions than it may have, so that none fills
// the provider's queue in front of the others. It counts under the organization's lock: of two that begin at
// the same time, the second sees the first. Call it after record, which takes the lock. Error: Limit.
func (s *Service) fits(ctx context.Context, tx *postgres.Tx, organization uuid.UUID) error {
	if s.maxLive <= 0 {
		return nil
	}
	n, err := tx.CountLiveTranscriptions(ctx, organization, s.maxLive+1)
	if err != nil {
		return fmt.Errorf("counting live transcriptions: %w", err)
	}
	if n > s.maxLive {
		return fault.Limit(liveRetry, "This organization has %d transcriptions under way, which is the most at once. Try again when one has ended.", s.maxLive)
	}
	return nil
}

package telephony

import (
	"context"
	"time"

	"github.com/switchboard-voice/switchboard/internal/billing"
	"github.com/switchboard-voice/switchboard/internal/db"
	"github.com/switchboard-voice/switchboard/internal/postgres"
	"github.com/switchboard-voice/switchboard/internal/provider/signalwire"
)

// use counts a call that somebody here begins against the plan, and refuses it where no minute is left to talk
// in. It comes before changed, as all who count do: the lock on the count is taken before that on the head.
func (s *Service) use(ctx context.Context, tx *postgres.Tx, row *db.Call) error {
	if err := s.limits.Use(ctx, tx, counted(row)); err != nil {
		return err
	}
	return s.limits.Room(ctx, tx, row.OrganizationID, billing.Minutes)
}

// countIn counts a call that came in. It is never refused: whoever calls has no part in what was paid for, and
// at the provider it rings already.
func (w *Worker) countIn(ctx context.Context, tx *postgres.Tx, row *db.Call) error {
	return w.limits.Count(ctx, tx, counted(row))
}

func counted(row *db.Call) billing.Usage {
	return billing.Usage{OrganizationID: row.OrganizationID, Metric: billing.Calls, Thing: row.ID, Amount: 1}
}

// countMinutes counts how long was talked, once it is known: the call's id is what keeps a second word of its
// end from being counted. It goes by the provider's word, as a call that we gave up may have been talked in.
func (w *Worker) countMinutes(ctx context.Context, tx *postgres.Tx, row *db.Call, seen signalwire.Call) error {
	n := minutes(seen)
	if n == 0 {
		return nil
	}
	return w.limits.Count(ctx, tx, billing.Usage{OrganizationID: row.OrganizationID, Metric: billing.Minutes, Thing: row.ID, Amount: n})
}

// minutes are those that have begun, as telephone companies count; none where nobody answered, however long it
// rang.
func minutes(seen signalwire.Call) int64 {
	if seen.Status != signalwire.Completed {
		return 0
	}
	return int64((seen.Duration + time.Minute - 1) / time.Minute)
}

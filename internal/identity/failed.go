package identity

import (
	"context"
	"fmt"
	"strconv"

	"github.com/switchboard-voice/switchboard/internal/activity"
	"github.com/switchboard-voice/switchboard/internal/ids"
	"github.com/switchboard-voice/switchboard/internal/jobs"
	"github.com/switchboard-voice/switchboard/internal/postgres"
)

// failedArgs are wrong passwords for an address, whether or not it has an account: only the job finds that out, so
// that an answer takes as long for both.
type failedArgs struct {
	Email   string `json:"email"`
	Address string `json:"address"` // where the last one came from
	Tries   int32  `json:"tries"`   // since the last right one, or since a day without any
}

func (failedArgs) Kind() string { return "identity.sign_in_failed" }

// tells says whether the try with this number is one that admins hear of: the first that makes others wait, and each
// time that there are twice as many. A guesser writes one line for an account and then ever fewer; a typing error none.
func tells(number, free int32) bool {
	doublings := number / free
	return number >= free && number%free == 0 && doublings&(doublings-1) == 0
}

// failed notes a wrong password, or one that nobody looked at, where it is time to tell somebody. Each number is given
// to one try only, so that of guesses that come at once one tells. What had to wait counts by the account alone: else
// each address of many would have lines of its own, and nobody may fill the log.
func (s *Service) failed(ctx context.Context, t passwordTries, pair, account int32) error {
	if !tells(pair, freeAtPair) && !tells(account, freeAtAccount) {
		return nil
	}
	return s.store.InTx(ctx, func(tx *postgres.Tx) error {
		return s.jobs.Enqueue(ctx, tx, failedArgs{Email: t.account.value, Address: t.from.value, Tries: max(pair, account)})
	})
}

// TellFailures writes wrong passwords into the audit log of each organization of the account that they were for.
func (s *Service) TellFailures(queue *jobs.Queue) {
	jobs.Handle(queue, jobs.Kind{Queue: jobs.Work, Attempts: jobs.ForAWeek}, func(ctx context.Context, job jobs.Job[failedArgs]) error {
		return s.tellFailure(ctx, job.Args)
	})
}

func (s *Service) tellFailure(ctx context.Context, args failedArgs) error {
	row, err := s.store.GetUserByEmail(ctx, args.Email)
	if postgres.Missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading whose sign-in failed: %w", err)
	}
	what := activity.Event{
		Type: activity.SignInFailed, Subject: ids.Of(ids.User, row.ID), Actor: activity.Switchboard(), Audience: activity.Audit,
		Detail: detail{"address": args.Address, "tries": strconv.Itoa(int(args.Tries))},
	}
	return s.store.InTx(ctx, func(tx *postgres.Tx) error { return recordAtAll(ctx, tx, row.ID, what) })
}

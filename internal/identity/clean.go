package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/switchboard-voice/switchboard/internal/jobs"
)

const (
	// cleanEvery is often enough for what only takes room.
	cleanEvery = time.Hour
	// kept is how long what has run out stays, for who asks what happened.
	kept = 24 * time.Hour
	// knownFor forgets addresses that nobody comes from any more.
	knownFor = 180 * 24 * time.Hour
)

type cleanArgs struct{}

func (cleanArgs) Kind() string { return "identity.clean" }

// Clean removes what has run out, now and then.
func (s *Service) Clean(queue *jobs.Queue) {
	jobs.Handle(queue, jobs.Kind{Queue: jobs.Upkeep, Once: true, Attempts: 1}, func(ctx context.Context, _ jobs.Job[cleanArgs]) error {
		return s.clean(ctx)
	})
	queue.Every(cleanEvery, cleanArgs{})
}

func (s *Service) clean(ctx context.Context) error {
	if err := s.store.RemoveExpiredAccounts(ctx, s.now().Add(-kept)); err != nil {
		return fmt.Errorf("removing what has run out: %w", err)
	}
	if err := s.store.RemoveOldAddresses(ctx, s.now().Add(-knownFor)); err != nil {
		return fmt.Errorf("forgetting addresses: %w", err)
	}
	if err := s.store.RemoveOrganizationRegister(ctx, s.now().Add(-s.auditFor)); err != nil {
		return fmt.Errorf("removing old lines of the register: %w", err)
	}
	return nil
}

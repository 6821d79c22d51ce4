package activity

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
)

// SweepEvery bounds how late a reader is when a wake-up was lost.
const SweepEvery = 15 * time.Second

// Sweep wakes the readers of every topic that moved, in case a wake-up was lost: one statement for all.
// It runs until ctx ends. every is SweepEvery, or less where no connection can listen.
func (s *Service) Sweep(ctx context.Context, every time.Duration) {
	ticks := time.NewTicker(every)
	defer ticks.Stop()
	seen := map[uuid.UUID]int64{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		now, err := s.heads(ctx)
		if err != nil {
			slog.Warn("sweeping live topics failed", "error", err)
			continue
		}
		for topic, number := range now {
			if seen[topic] != number {
				s.hub.Wake(topic)
			}
		}
		seen = now
	}
}

func (s *Service) heads(ctx context.Context) (map[uuid.UUID]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, SweepEvery)
	defer cancel()
	topics := s.hub.Topics()
	if len(topics) == 0 {
		return nil, nil
	}
	rows, err := s.store.ListActivityHeads(ctx, topics)
	if err != nil {
		return nil, err
	}
	now := make(map[uuid.UUID]int64, len(rows))
	for _, r := range rows {
		now[r.Topic] = r.Number
	}
	return now, nil
}

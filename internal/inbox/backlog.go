package inbox

import (
	"context"
	"fmt"
	"time"
)

// Backlog is what waits: a queue that stands still and dead letters both show here.
type Backlog struct {
	Lag         time.Duration // the age of the oldest event that waits for its job
	DeadLetters int           // events that were given up and wait for an operator
}

// Backlog reads one index, so that it can be asked at each scrape.
func (in *Inbox) Backlog(ctx context.Context) (Backlog, error) {
	row, err := in.store.GetInboxBacklog(ctx)
	if err != nil {
		return Backlog{}, fmt.Errorf("reading the backlog: %w", err)
	}
	return Backlog{Lag: time.Duration(row.Lag * float64(time.Second)), DeadLetters: int(row.DeadLetters)}, nil
}

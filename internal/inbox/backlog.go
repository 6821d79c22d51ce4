package inbox

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Backlog is what waits of one source: a queue that stands still and dead letters both show here.
type Backlog struct {
	Source      SourceName
	Lag         time.Duration // the age of the oldest event that waits for its job
	DeadLetters int           // events that were given up and wait for somebody
}

// Backlog reads one index, so that it can be asked at each scrape. Each source is in it, also one of which
// nothing waits.
func (in *Inbox) Backlog(ctx context.Context) ([]Backlog, error) {
	rows, err := in.store.GetInboxBacklog(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the backlog: %w", err)
	}
	waiting := make(map[SourceName]Backlog, len(in.sources))
	for _, source := range in.sources {
		waiting[source.Name] = Backlog{Source: source.Name}
	}
	for _, r := range rows {
		name := SourceName(r.Source)
		waiting[name] = Backlog{Source: name, Lag: time.Duration(r.Lag * float64(time.Second)), DeadLetters: int(r.DeadLetters)}
	}
	return slices.SortedFunc(maps.Values(waiting), func(a, b Backlog) int { return strings.Compare(string(a.Source), string(b.Source)) }), nil
}

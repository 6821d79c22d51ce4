package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

const (
	// changeFor is 4,000 changes: the 99th percentile stands on 40.
	changeFor = 20 * time.Second
	// crowdSettles is shorter than for the idle sockets: what the garbage of opening 5,000 at once leaves is
	// part of what is looked at.
	crowdSettles = 10 * time.Second
	// minute is full of webhooks.
	minute = time.Minute
)

// measureDocuments fills the row of the most expensive document that somebody unknown can have refused.
func (l *bench) measureDocuments(ctx context.Context, t *table) error {
	list, err := l.Refuse(ctx)
	if err != nil {
		return err
	}
	worst := slices.MaxFunc(list, func(a, b lab.Refusal) int { return cmp.Compare(a.CPU, b.CPU) })
	say("the most expensive document: %s", worst.Name)
	t.add(row{
		what: fmt.Sprintf("Server CPU of the most expensive of %d documents from nobody", len(list)), ours: lab.Milliseconds(worst.CPU),
		bound: fmt.Sprintf("at most %d ms", lab.MaxDocument.Milliseconds()),
	}, worst.CPU <= lab.MaxDocument)
	return nil
}

// measureCrowd has 5,000 sockets lose their server and come back, and then see 200 changes a second.
func (l *bench) measureCrowd(ctx context.Context, t *table) error {
	calls, err := l.Seed(ctx, lab.Sockets)
	if err != nil {
		return err
	}
	s, err := l.Storm(ctx, calls)
	if err != nil {
		return fmt.Errorf("coming back: %w", err)
	}
	t.add(row{
		what: fmt.Sprintf("%d sockets come back at once with after: until all are live", lab.Sockets), ours: fmt.Sprintf("%.1f s", s.Took.Seconds()),
		bound: fmt.Sprintf("at most %.0f s", lab.MaxStorm.Seconds()),
	}, s.Took <= lab.MaxStorm && s.Twice == 0)
	t.add(row{what: "SQL statements for each of them", ours: fmt.Sprintf("%.1f", s.Statements), bound: fmt.Sprintf("at most %d", lab.MaxStatements)}, s.Statements <= lab.MaxStatements)
	if err := l.restartServer(ctx); err != nil {
		return err
	}
	c, err := l.Crowd(ctx, calls, crowdSettles)
	defer c.Leave()
	if err != nil {
		return fmt.Errorf("opening sockets: %w", err)
	}
	t.add(row{what: fmt.Sprintf("Memory of a subscribed socket, of %d that were opened at once", lab.Sockets), ours: fmt.Sprintf("%.0f KB", c.Each()), bound: "reported"}, true)
	changes, err := l.Change(ctx, c.Gathering, changeFor)
	if err != nil {
		return fmt.Errorf("changing: %w", err)
	}
	p99 := lab.Percentile(changes.Frames, 99)
	t.add(row{
		what:  fmt.Sprintf("Commit to frame, %d sockets, %d changes a second: p50 / p99, and cores in use", lab.Sockets, lab.ChangesPerSecond),
		ours:  fmt.Sprintf("%s / %s, %.2f", lab.Milliseconds(lab.Percentile(changes.Frames, 50)), lab.Milliseconds(p99), changes.Cores),
		bound: fmt.Sprintf("p99 %d ms", lab.MaxCommitToFrame.Milliseconds()),
	}, p99 <= lab.MaxCommitToFrame)
	return nil
}

// measureMinute floods the server with webhooks and asks for one call beside them.
func (l *bench) measureMinute(ctx context.Context, t *table) error {
	if err := l.restartServer(ctx); err != nil {
		return err
	}
	token, err := l.Token(l.people[0])
	if err != nil {
		return err
	}
	in, err := l.Intake(ctx, lab.Call{Transcription: l.watched[0], Token: token}, minute)
	if err != nil {
		return err
	}
	p99 := lab.Percentile(in.Webhooks, 99)
	t.add(row{
		what:  "A minute of webhooks at full rate: accepted a second, p50 / p99 of an answer",
		ours:  fmt.Sprintf("%.0f, %s / %s", float64(len(in.Webhooks))/minute.Seconds(), lab.Milliseconds(lab.Percentile(in.Webhooks, 50)), lab.Milliseconds(p99)),
		bound: fmt.Sprintf("p99 %d ms", lab.MaxKept.Milliseconds()),
	}, p99 <= lab.MaxKept)
	beside, alone := lab.Percentile(in.Beside, 99), lab.Percentile(in.Alone, 99)
	t.add(row{
		what: "p99 of a query beside them, and without them", ours: fmt.Sprintf("%s, %s", lab.Milliseconds(beside), lab.Milliseconds(alone)),
		ratio: fmt.Sprintf("%.1f×", float64(beside)/float64(alone)), bound: fmt.Sprintf("at most %d ms", lab.MaxBeside.Milliseconds()),
	}, beside <= lab.MaxBeside)
	return l.Worked(ctx)
}

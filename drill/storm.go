package main

import (
	"context"
	"time"

	"github.com/switchboard-voice/switchboard/lab"
)

func storm(ctx context.Context, l *stage) error {
	calls, err := l.Seed(ctx, lab.Sockets)
	if err != nil {
		return err
	}
	l.saw("killing the server under %d sockets; something happens to each call meanwhile", lab.Sockets)
	s, err := l.Storm(ctx, calls)
	if err != nil {
		return err
	}
	l.promise(s.Took < lab.MaxStorm, "all %d were back and had seen what they had missed within %s (less than %s); %d times one was told to come later",
		lab.Sockets, s.Took.Round(10*time.Millisecond), lab.MaxStorm, s.Again)
	l.promise(s.Statements <= lab.MaxStatements, "statements: %.2f a returning socket (at most %d)", s.Statements, lab.MaxStatements)
	l.promise(s.Twice == 0, "each missed event came once: %d sockets saw it more often", s.Twice)
	return nil
}

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/switchboard-voice/switchboard/lab/steps"
)

func stepsOf(w steps.Walk) func(context.Context, *stage) error {
	return func(ctx context.Context, l *stage) error {
		if err := l.Server.Stop(); err != nil {
			return err
		}
		c := steps.Config{Database: copies(l)}
		whole, err := steps.Play(ctx, c, w, 0)
		if err != nil {
			return err
		}
		for i, s := range whole.Seen {
			l.saw("%3d %s", i+1, s)
		}
		l.promise(len(whole.Wrong) == 0, "whole: %s", strings.Join(whole.Wrong, "\n"))
		sum, err := steps.Enumerate(ctx, c, w, beside, func(p steps.Played) {
			l.saw("%d %s healed %s rested %s %v", p.Step, p.DiedOf, p.Healed.Round(100*time.Millisecond), p.Rested.Round(100*time.Millisecond), p.Wrong)
		})
		_ = fmt.Sprint(sum)
		return err
	}
}

const beside = 12

func copies(l *stage) func(ctx context.Context) (string, func() error, error) {
	return func(ctx context.Context) (string, func() error, error) { return makeDatabase(ctx, "") }
}

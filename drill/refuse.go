package main

import (
	"cmp"
	"context"
	"slices"

	"github.com/switchboard-voice/switchboard/lab"
)

func refuse(ctx context.Context, l *stage) error {
	list, err := l.Refuse(ctx)
	if err != nil {
		return err
	}
	for _, r := range list {
		l.saw("%9s  %-40s %.90s", ms(r.CPU), r.Name, r.Answer)
	}
	worst := slices.MaxFunc(list, func(a, b lab.Refusal) int { return cmp.Compare(a.CPU, b.CPU) })
	l.promise(worst.CPU < lab.MaxDocument, "the worst, %s, takes %s of CPU (less than %s)", worst.Name, ms(worst.CPU), lab.MaxDocument)
	return nil
}

package steps

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// Config says on what walks are played.
type Config struct {
	Database func(context.Context) (url string, drop func() error, err error) // a migrated one without rows
	Program  string                                                           // empty: the binary that make build leaves
	Settings []string                                                         // more of its variables, as NAME=value
}

// Played is one walk from its beginning to its end.
type Played struct {
	Death  Death         // as it was meant
	DiedOf string        // the moment; empty: the walk was over before
	Seen   []string      // the moments until then
	Healed time.Duration // from the death until the person had what they came for
	Rested time.Duration // from the death until nothing was left to do
	Left   string        // jobs that were not done again by the end of our patience
	Wrong  []string      // what was not there exactly once
	Output string        // of the programs, where something is wrong
}

// Play walks once. The program dies, and another one is started in its place.
func Play(ctx context.Context, c Config, w Walk, death Death) (p Played, err error) {
	p.Death = death
	r, err := open(ctx, c)
	if err == nil {
		err = r.play(ctx, w, &p)
	}
	if err != nil || len(p.Wrong) > 0 {
		p.Output = r.outputs()
	}
	return p, errors.Join(err, r.Close())
}

func (r *rig) play(ctx context.Context, w Walk, p *Played) error {
	ctx, cancel := context.WithTimeout(ctx, insisting+2*resting)
	defer cancel()
	r.moments.arm(p.Death, r.Server.Kill)
	over, reborn := make(chan struct{}), make(chan error, 1)
	go func() { reborn <- r.follow(ctx, over) }()
	err := w.does(ctx, r)
	if err == nil {
		err = r.done(ctx, w)
	}
	healed := time.Now()
	err = errors.Join(err, r.rests(ctx, w, p))
	r.moments.disarm()
	close(over)
	err = errors.Join(err, <-reborn, r.rests(ctx, w, p)) // again, for who died of the very last step
	seen, diedOf, died := r.moments.list()
	if p.Seen, p.DiedOf = seen, diedOf; diedOf != "" {
		p.Healed, p.Rested = max(0, healed.Sub(died)), time.Since(died)
	}
	if err != nil {
		return fmt.Errorf("%s, killed %s: %w: %s", w.Name, p.DiedOf, err, r.state(context.WithoutCancel(ctx)))
	}
	if p.Wrong = w.wrong(ctx, r); len(p.Wrong) > 0 {
		p.Wrong = append(p.Wrong, r.state(ctx))
	}
	return nil
}

// done waits until the person has what they came for.
func (r *rig) done(ctx context.Context, w Walk) error {
	ctx, cancel := context.WithTimeout(ctx, insisting)
	defer cancel()
	return r.until(ctx, w.done)
}

// rests waits until nothing is left to do, or notes what is.
func (r *rig) rests(ctx context.Context, w Walk, p *Played) error {
	p.Left = ""
	within, cancel := context.WithTimeout(ctx, resting)
	defer cancel()
	err := r.eventually(within, func() (rest bool, err error) {
		if w.calm != nil {
			if calm, err := w.calm(within, r); err != nil || !calm {
				return false, err
			}
		}
		err = r.Pool.QueryRow(within, atRest).Scan(&rest)
		return rest, err
	})
	if err == nil || within.Err() == nil || ctx.Err() != nil {
		return err
	}
	err = r.Pool.QueryRow(ctx, `SELECT coalesce(string_agg(DISTINCT kind || ' ' || state, ', '), '') FROM river.river_job
		WHERE state IN ('available', 'running', 'retryable', 'pending')`).Scan(&p.Left)
	return err
}

// follow starts another program when the first one dies, and waits until the walk is over.
func (r *rig) follow(ctx context.Context, over <-chan struct{}) error {
	select {
	case <-r.moments.died:
	case <-over:
	}
	if _, diedOf, _ := r.moments.list(); diedOf == "" {
		return nil
	}
	return r.live(ctx)
}

// outputs is what the programs of a walk wrote, the one that died first.
func (r *rig) outputs() string {
	var all strings.Builder
	for n := range 2 * starts {
		text, err := os.ReadFile(fmt.Sprintf("%s/process-%d.log", r.Dir, n))
		if err == nil {
			fmt.Fprintf(&all, "process %d:\n%s\n", n, text)
		}
	}
	return all.String()
}
